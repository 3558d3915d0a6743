"""A known picture for every screen, and the program that shows it: `python -m tests.rigs.scene PLACES-AS-JSON`.

The picture is made of rectangles of few, plain colours, differs from screen to screen, and is known pixel by pixel.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw

from tests.rigs.screens import Box, Screen, picture
from tests.rigs.session import ROOT, Session
from tests.rigs.waiting import wait_until

GROUNDS = [(32, 80, 128), (128, 32, 80), (32, 112, 64), (96, 96, 32)]
BLOCKS = [(250, 250, 250), (10, 10, 10), (230, 150, 20), (20, 200, 220), (200, 40, 220)]


def scene(screen: Screen, number: int) -> Image.Image:
    """The picture for one screen in its physical pixels; ``number`` (from 0) makes it differ from the others'."""
    image = Image.new("RGB", (screen.width, screen.height), GROUNDS[number % len(GROUNDS)])
    draw = ImageDraw.Draw(image)
    for index, colour in enumerate(BLOCKS):
        left = 40 + index * (screen.width - 80) // len(BLOCKS)
        top = 120 + (index * 67 + number * 31) % (screen.height // 3)
        draw.rectangle((left, top, left + 60 + 7 * number, top + 40), fill=colour)
    for x in range(0, screen.width, 16):  # one-pixel lines: any scaling or shifting shows
        draw.line((x, screen.height - 90, x, screen.height - 60), fill=BLOCKS[0])
    draw.rectangle((0, 0, screen.width - 1, screen.height - 1), outline=BLOCKS[3])
    return image


def desktop(screens: Sequence[Screen], images: Sequence[Image.Image]) -> Image.Image:
    """All images where their screens are on the desktop; black where no screen is."""
    whole = Image.new("RGB", (max(each.box[2] for each in screens), max(each.box[3] for each in screens)))
    for screen, image in zip(screens, images, strict=True):
        whole.paste(image, (screen.x, screen.y))
    return whole


def show(session: Session, screens: Sequence[Screen], images: Sequence[Image.Image] | None = None) -> None:
    """Puts the scene, or other images of the screens' sizes, on an X display beneath all windows.

    Returns when every pixel of it is there.
    """
    shown = images or [scene(each, number) for number, each in enumerate(screens)]
    places = []
    for number, (screen, image) in enumerate(zip(screens, shown, strict=True)):
        path = session.folder / f"scene-{number}.png"
        image.save(path, compress_level=1)
        places.append({"x": screen.x, "y": screen.y, "path": str(path)})
    env = session.env | {"QT_ENABLE_HIGHDPI_SCALING": "0", "PYTHONPATH": str(ROOT)}
    session.processes.start("scene", [session.python, "-m", "tests.rigs.scene", json.dumps(places)], env)
    wanted = desktop(screens, shown)
    wait_until(lambda: differing(wanted, picture(session.env)) is None, "the scene on every screen", within_s=30)


def differing(wanted: Image.Image, seen: Image.Image, except_for: Sequence[Box] = ()) -> Box | None:
    """The box of the pixels that are not as wanted; None where all are. ``except_for`` covers a tray, say."""
    if wanted.size != seen.size:
        return (0, 0, *seen.size)
    difference = ImageChops.difference(wanted, seen.convert("RGB"))
    for box in except_for:
        difference.paste((0, 0, 0), box)
    return difference.getbbox()


def main(places: str) -> int:
    """Shows the images, one window a screen, until it is ended."""
    from PySide6.QtCore import QRect, Qt
    from PySide6.QtGui import QGuiApplication, QImage, QPainter, QPaintEvent, QRasterWindow

    class Backdrop(QRasterWindow):
        def __init__(self, x: int, y: int, path: str) -> None:
            super().__init__()
            self._image = QImage(path)
            self.setFlags(Qt.WindowType.BypassWindowManagerHint | Qt.WindowType.FramelessWindowHint)
            self.setGeometry(QRect(x, y, self._image.width(), self._image.height()))

        def paintEvent(self, event: QPaintEvent) -> None:
            QPainter(self).drawImage(0, 0, self._image)

    app = QGuiApplication([])
    windows = [Backdrop(**each) for each in json.loads(places)]
    for window in windows:
        window.show()
        window.lower()
    return app.exec()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
