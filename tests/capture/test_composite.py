from __future__ import annotations

from datetime import UTC, datetime

import pytest
from PIL import Image

from client.capture.composite import split
from client.core.models import Display, Flaw, Shot

AT = datetime(2026, 11, 23, 9, 41, tzinfo=UTC)


def pattern(width: int, height: int, tint: int) -> Image.Image:
    """A picture in which every pixel differs from its neighbours."""
    picture = Image.new("RGB", (width, height))
    picture.putdata([(x * 7 % 256, y * 5 % 256, tint) for y in range(height) for x in range(width)])
    return picture


def composite(displays: list[Display], pictures: list[Image.Image], factor: float) -> Image.Image:
    """The desktop as a compositor paints it: all displays at one scale, pixels repeated where a display has fewer."""
    left, top = min(one.x for one in displays), min(one.y for one in displays)
    boxes = [
        [round(value * factor) for value in (one.x - left, one.y - top, one.width / one.scale, one.height / one.scale)]
        for one in displays
    ]
    whole = Image.new("RGB", (max(x + w for x, _, w, _ in boxes), max(y + h for _, y, _, h in boxes)))
    for (x, y, width, height), picture in zip(boxes, pictures, strict=True):
        whole.paste(picture.resize((width, height), Image.Resampling.NEAREST), (x, y))
    return whole


def seen(shot: Shot) -> Image.Image:
    assert shot.pixels is not None
    size = (shot.display.width, shot.display.height)
    return Image.frombytes("RGB", size, bytes(shot.pixels), "raw", "BGRX")


@pytest.mark.parametrize(
    ("displays", "factor"),
    [
        ([Display("A", 1, 0, 0, 128, 72), Display("B", 2, 128, 0, 102, 77)], 1),
        ([Display("A", 1, 0, 0, 128, 72, 1.0), Display("B", 2, 128, 0, 160, 120, 2.0)], 2),
        ([Display("A", 1, 0, 0, 160, 120, 2.0), Display("B", 2, -128, 10, 128, 72, 1.0)], 2),
        ([Display("A", 1, 0, 0, 128, 72), Display("B", 2, 20, -72, 128, 72), Display("C", 3, -96, 0, 96, 64)], 1),
        ([Display("A", 1, 0, 0, 192, 108, 1.5)], 1.5),
        ([Display("A", 1, 0, 0, 300, 150, 3.0), Display("B", 2, 100, 0, 128, 72, 1.0)], 3),
    ],
    ids=["two", "mixed scales", "left of the primary", "above and left", "fractional", "three to one"],
)
def test_every_display_gets_its_own_pixels(displays: list[Display], factor: float) -> None:
    pictures = [pattern(one.width, one.height, 50 * number) for number, one in enumerate(displays)]

    shots = split(composite(displays, pictures, factor), displays, AT)

    assert [shot.display for shot in shots] == displays
    assert [seen(shot).tobytes() for shot in shots] == [picture.tobytes() for picture in pictures]


def test_without_known_displays_the_whole_is_one_picture() -> None:
    whole = pattern(90, 30, 1)

    (shot,) = split(whole, (), AT)

    assert (shot.display.name, shot.display.width, shot.display.height) == ("All displays", 90, 30)
    assert seen(shot).tobytes() == whole.tobytes()


def test_an_opaque_or_transparent_picture_comes_out_alike() -> None:
    whole = pattern(40, 30, 1)

    (shot,) = split(whole.convert("RGBA"), (), AT)

    assert seen(shot).tobytes() == whole.tobytes()


def test_a_black_display_is_told_and_the_other_is_fine() -> None:
    displays = [Display("A", 1, 0, 0, 60, 40), Display("B", 2, 60, 0, 60, 40)]
    whole = composite(displays, [pattern(60, 40, 9), Image.new("RGB", (60, 40))], 1)

    assert [shot.flaw for shot in split(whole, displays, AT)] == [None, Flaw.BLACK]


def test_a_picture_that_does_not_fit_the_displays_is_not_cut_wrongly() -> None:
    """A display was plugged in or out between the question and the picture: the displays known are not those shown."""
    displays = [Display("A", 1, 0, 0, 60, 40), Display("B", 2, 0, 40, 60, 40)]

    shots = split(pattern(60, 40, 9), displays, AT)

    assert [shot.flaw for shot in shots] == [None, Flaw.FAILED]
    assert shots[1].pixels is None
