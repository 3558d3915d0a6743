"""One picture of the whole desktop, cut into its displays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from client.capture.camera import everything
from client.capture.flaws import flaw_of
from client.core.models import Display, Flaw, Shot

if TYPE_CHECKING:
    from PIL.Image import Image

Box = tuple[int, int, int, int]


def split(picture: Image, displays: Sequence[Display], taken_at: datetime) -> tuple[Shot, ...]:
    """A shot per display, each in the display's own physical pixels.

    On Wayland a display's place is logical and its size physical. The compositor paints the desktop at one scale for
    all, usually the greatest, so a display of a smaller scale was blown up and is brought back here.
    """
    if not displays:
        return (shot_of(picture, everything(*picture.size), taken_at),)
    left = min(display.x for display in displays)
    top = min(display.y for display in displays)
    right = max(display.x + display.width / display.scale for display in displays)
    factor = picture.width / (right - left)
    shots = []
    for display in displays:
        box = _box(display, left, top, factor)
        if box[2] > picture.width + 1 or box[3] > picture.height + 1:  # plugged in after the picture was taken
            shots.append(Shot(display, taken_at, flaw=Flaw.FAILED))
            continue
        shots.append(shot_of(_natural(picture.crop(box), display), display, taken_at))
    return tuple(shots)


def shot_of(picture: Image, display: Display, taken_at: datetime) -> Shot:
    """A decoded picture as a shot; the display's size becomes the picture's."""
    opaque = picture if picture.mode == "RGB" else picture.convert("RGB")
    pixels = opaque.tobytes("raw", "BGRX")
    width, height = picture.size
    return Shot(replace(display, width=width, height=height), taken_at, pixels, flaw_of(pixels, width, height))


def _box(display: Display, left: int, top: int, factor: float) -> Box:
    x, y = display.x - left, display.y - top
    width, height = display.width / display.scale, display.height / display.scale
    return (
        round(x * factor),
        round(y * factor),
        round((x + width) * factor),
        round((y + height) * factor),
    )


def _natural(picture: Image, display: Display) -> Image:
    if picture.width <= display.width or picture.height <= display.height:
        return picture
    from PIL import Image

    # A box filter is exact where pixels were only repeated.
    return picture.resize((display.width, display.height), Image.Resampling.BOX)
