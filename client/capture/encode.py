"""Pictures as they travel: PNG with at most 256 colours (docs/decisions/0004-picture-format.md)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from client.core.models import Encoded, Shot

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

# Above 4, half a per cent of the size costs twice the time and more; below, the picture grows by a tenth.
COMPRESS_LEVEL = 4
MAX_COLOURS = 256
BAND_ROWS = 256


def encode(shot: Shot) -> Encoded:
    """The picture of `shot` as a PNG file without any metadata.

    Exact, pixel by pixel, where the picture has at most 256 colours; otherwise close: on a desktop a channel is off by
    15 of 255 at most, on pure noise by 48. Raises ValueError for a shot without pixels; MemoryError is the caller's to
    handle. Most of the time is spent without the interpreter's lock.
    """
    from PIL import Image

    if shot.pixels is None:
        raise ValueError("there is no picture to encode")
    size = (shot.display.width, shot.display.height)
    pixels = bytes(shot.pixels) if isinstance(shot.pixels, memoryview) else shot.pixels
    picture = Image.frombuffer("RGB", size, pixels, "raw", "BGRX", 0, 1)
    # With no more colours than places, "maximum coverage" gives each colour a place of its own; it is far too slow
    # for a photograph, where the octree is as good.
    method = Image.Quantize.MAXCOVERAGE if _has_few_colours(picture) else Image.Quantize.FASTOCTREE
    reduced = picture.quantize(MAX_COLOURS, method=method, dither=Image.Dither.NONE)
    out = io.BytesIO()
    reduced.save(out, "PNG", compress_level=COMPRESS_LEVEL)
    return Encoded(data=out.getvalue(), media_type="image/png", suffix=".png")


def _has_few_colours(picture: Picture) -> bool:
    """Whether a palette holds every colour; looked at in bands, because counting keeps the interpreter's lock."""
    colours: set[object] = set()
    for top in range(0, picture.height, BAND_ROWS):
        band = picture.crop((0, top, picture.width, min(top + BAND_ROWS, picture.height)))
        counted = band.getcolors(MAX_COLOURS)
        if counted is None:
            return False
        colours.update(colour for _count, colour in counted)
        if len(colours) > MAX_COLOURS:
            return False
    return True
