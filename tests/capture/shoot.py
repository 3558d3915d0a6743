"""Takes pictures as the client does and writes them down: `python -m tests.capture.shoot FOLDER`.

A program of its own, because a session's pictures are to be taken by a program of that session: with its environment,
its user, and Qt's idea of its displays. Writes `shots.json` (one entry per display) and `N.ppm` for each picture.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path

from PIL import Image
from PySide6.QtGui import QGuiApplication

from client.capture import choose
from client.capture.qscreen import ScreenCamera, displays
from client.capture.session import current


def main(folder: str, way: str = "") -> None:
    app = QGuiApplication([])
    known = displays(app)
    camera = ScreenCamera() if way == "qscreen" else choose(current(os.environ, sys.platform), lambda: known)
    told = []
    for shot in camera.take():
        told.append(dataclasses.asdict(shot.display) | {"flaw": shot.flaw, "camera": camera.name})
        if shot.pixels is not None:
            size = (shot.display.width, shot.display.height)
            picture = Image.frombytes("RGB", size, bytes(shot.pixels), "raw", "BGRX")
            picture.save(Path(folder) / f"{shot.display.number}.ppm")
    (Path(folder) / "shots.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
