"""Pictures that say nothing: all black, or all of one colour."""

from __future__ import annotations

from client.core.models import Flaw


def flaw_of(pixels: bytes | bytearray, width: int, height: int) -> Flaw | None:
    """BLACK or ONE_COLOUR where every single pixel is alike, else None.

    `pixels` are `height` rows of `width` B G R X pixels; X, which some drivers fill with noise, does not count. Rows
    are compared in place with the first pixel's colour: an ordinary picture is told in microseconds, and one of one
    colour is read exactly once.
    """
    stride = width * 4
    row = bytes(pixels[:4]) * width
    for start in range(0, stride * height, stride):
        if not pixels.startswith(row, start) and not _is_same_colour(pixels[start : start + stride], row):
            return None
    return Flaw.BLACK if row[:3] == b"\0\0\0" else Flaw.ONE_COLOUR


def _is_same_colour(row: bytes | bytearray, other: bytes) -> bool:
    return all(row[channel::4] == other[channel::4] for channel in range(3))
