"""What is on a rig's screens: where they are, what they show, and where something is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import mss
from PIL import Image, ImageChops

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Screen:
    """One display: its output's name and its place on the desktop, in physical pixels."""

    name: str
    x: int
    y: int
    width: int
    height: int
    scale: int = 1

    @property
    def box(self) -> Box:
        return (self.x, self.y, self.x + self.width, self.y + self.height)


def picture(env: Mapping[str, str]) -> Image.Image:
    """What an X display shows now, all screens in one picture (RGB)."""
    with mss.MSS(display=env["DISPLAY"]) as grabber:
        shot = grabber.grab(grabber.monitors[0])
        return Image.frombytes("RGB", shot.size, shot.raw, "raw", "BGRX")


def changed_box(before: Image.Image, after: Image.Image) -> Box | None:
    """The smallest box around all pixels that differ."""
    return ImageChops.difference(before, after).getbbox()


def block_of(image: Image.Image, colour: Colour, width: int, height: int, tolerance: int = 0) -> Box | None:
    """The box of the lowest area of one colour that is at least so wide and high: a filled button, say."""
    bands = [
        band.point([255 if abs(value - wanted) <= tolerance else 0 for value in range(256)])
        for band, wanted in zip(image.split(), colour, strict=True)
    ]
    mask = ImageChops.darker(ImageChops.darker(bands[0], bands[1]), bands[2])
    pixels, run = mask.tobytes(), b"\xff" * width
    rows: list[tuple[int, int]] = []
    for y in range(image.height - 1, -1, -1):
        left = pixels.find(run, y * image.width, (y + 1) * image.width)
        if left >= 0:
            rows.append((y, left - y * image.width))
        elif len(rows) >= height:
            break
        else:
            rows.clear()
    if len(rows) < height:
        return None
    left = min(x for _, x in rows)
    right = max(_run_end(pixels, y * image.width + x, (y + 1) * image.width) - y * image.width for y, x in rows)
    return (left, rows[-1][0], right, rows[0][0] + 1)


def centre(box: Box) -> tuple[int, int]:
    """The middle of a box."""
    return ((box[0] + box[2]) // 2, (box[1] + box[3]) // 2)


def _run_end(pixels: bytes, start: int, end: int) -> int:
    stop = pixels.find(b"\x00", start, end)
    return end if stop < 0 else stop
