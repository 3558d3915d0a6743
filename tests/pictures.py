"""Makes docs/pictures/: real windows of ours on a virtual display, in English and German.

    python -m tests.pictures [PART OF A NAME …]

Each picture is taken by a process of its own, so that language and scale are set as they are for users.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from client.core import words
from tests import picture_pages, picture_scenes
from tests.rigs import x11
from tests.rigs.session import ROOT, Session

FOLDER = ROOT / "docs" / "pictures"
MOST_BYTES = 150_000
LANGUAGES = ("en", "de")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One picture: which scene, how it looks, at which scale."""

    scene: str
    theme: str = "light"
    scale: int = 1

    @property
    def name(self) -> str:
        return "-".join(
            [self.scene, *(["dark"] if self.theme == "dark" else []), *(["200"] if self.scale == 2 else [])]
        )


PICTURES = (
    Wanted("panel"),
    Wanted("panel", theme="dark"),
    Wanted("panel", scale=2),
    Wanted("panel-one-display"),
    Wanted("panel-three-displays"),
    Wanted("panel-flaws"),
    Wanted("panel-restored"),
    Wanted("panel-not-saved"),
    Wanted("facts"),
    Wanted("sending"),
    Wanted("with-it"),
    Wanted("with-it", theme="dark"),
    Wanted("waiting"),
    Wanted("attention"),
    Wanted("no-tray"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description="Makes docs/pictures/.")
    parser.add_argument("only", nargs="*", help="only pictures whose name contains one of these")
    only = parser.parse_args(arguments).only
    FOLDER.mkdir(parents=True, exist_ok=True)
    with Session() as session:
        x11.xvfb(session, 1600, 1600)
        for language in LANGUAGES:
            for wanted in PICTURES:
                name = f"{wanted.name}-{language}"
                if not only or any(part in name for part in only):
                    _make(session, wanted, language, FOLDER / f"{name}.png")
            if not only or any(part in f"agent-{language}" for part in only):
                _make_pages(language)
    return 0


def _make(session: Session, wanted: Wanted, language: str, path: Path) -> None:
    environment = session.env | {
        "PYTHONPATH": str(ROOT),
        "QT_QPA_PLATFORM": "xcb",
        "QT_SCALE_FACTOR": str(wanted.scale),
        "TZ": "UTC",
    }
    command = [sys.executable, "-m", "tests.picture_scenes", wanted.scene, wanted.theme, language, str(path)]
    subprocess.run(command, env=environment, check=True, timeout=60, cwd=ROOT)
    _shrink(path)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB")


def _make_pages(language: str) -> None:
    if picture_pages.browser() is None:
        print("no Chromium here: the agent's pages are left as they are")
        return
    words.use(language)
    with Session() as apart:
        shots = [picture_scenes.desktop(number) for number in (1, 2)]
        facts = picture_scenes.machine(is_odd=True)
        for path in picture_pages.photograph(apart, language, shots, facts, FOLDER):
            _shrink(path)
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB")


def _shrink(path: Path) -> None:
    """256 colours are enough for a window; small files keep the repository small."""
    from PIL import Image

    with Image.open(path) as image:
        small = image.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=3, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    assert path.stat().st_size <= MOST_BYTES, f"{path} has {path.stat().st_size} bytes"


if __name__ == "__main__":
    sys.exit(main())
