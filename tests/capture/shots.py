"""Pictures taken by a program of a rig's session."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from tests.rigs.session import ROOT, Session


@dataclass(frozen=True, slots=True)
class Taken:
    """One shot: what was told of its display (the fields of `Display`, `flaw`, `camera`), and its picture."""

    told: dict[str, Any]
    picture: Image.Image | None

    @property
    def place(self) -> tuple[int, int, int, int]:
        return (self.told["x"], self.told["y"], self.told["width"], self.told["height"])


def take(session: Session, *arguments: str, env: dict[str, str] | None = None) -> list[Taken]:
    """What the camera of this session gives now."""
    folder = Path(tempfile.mkdtemp(dir=session.folder))
    session.hand_over(folder)
    environ = session.env | {"PYTHONPATH": str(ROOT)} | (env or {})
    command = [session.python, "-m", "tests.capture.shoot", str(folder), *arguments]
    process = session.processes.start("shoot", command, environ)
    code = process.wait(30)
    assert code == 0, session.processes.log("shoot").read_text()
    return [_taken(folder, told) for told in json.loads((folder / "shots.json").read_text())]


def _taken(folder: Path, told: dict[str, Any]) -> Taken:
    path = folder / f"{told['number']}.ppm"
    return Taken(told, Image.open(path).convert("RGB") if path.exists() else None)
