from __future__ import annotations

import io
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from client.capture.encode import encode
from client.core.models import Display, Flaw, Shot

AT = datetime(2026, 11, 23, 9, 41, tzinfo=UTC)


def shot(picture: Image.Image) -> Shot:
    width, height = picture.size
    return Shot(Display("DP-1", 1, 0, 0, width, height), AT, bytearray(picture.tobytes("raw", "BGRX")))


def decoded(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB")


def painted(colours: list[tuple[int, int, int]], width: int, seed: int = 1) -> Image.Image:
    """A picture that shows every one of the colours at least once."""
    chance = random.Random(seed)
    pixels = colours + [chance.choice(colours) for _ in range(width * -(-2 * len(colours) // width) - len(colours))]
    chance.shuffle(pixels)
    picture = Image.new("RGB", (width, len(pixels) // width))
    picture.putdata(pixels)
    return picture


colour = st.tuples(*[st.integers(0, 255)] * 3)


@settings(deadline=None)
@given(colours=st.lists(colour, min_size=1, max_size=256, unique=True), width=st.integers(1, 40))
def test_a_picture_of_few_colours_is_kept_pixel_by_pixel(colours: list[tuple[int, int, int]], width: int) -> None:
    picture = painted(colours, width)

    assert decoded(encode(shot(picture)).data).tobytes() == picture.tobytes()


@pytest.mark.parametrize(
    "colours",
    [
        [(value, value, value) for value in range(256)],
        [(200, 100 + value % 16, 50 + value // 16) for value in range(256)],
        [(value, 0, 255 - value) for value in range(256)],
    ],
    ids=["greys", "neighbours", "ramp"],
)
def test_256_colours_that_are_alike_stay_apart(colours: list[tuple[int, int, int]]) -> None:
    picture = painted(colours, 640)

    assert decoded(encode(shot(picture)).data).tobytes() == picture.tobytes()


def test_even_noise_of_all_colours_is_never_far_off() -> None:
    picture = Image.merge("RGB", [Image.effect_noise((400, 300), 60 + 20 * band) for band in range(3)])

    difference = ImageChops.difference(decoded(encode(shot(picture)).data), picture)

    assert difference.getbbox() is not None
    assert max(highest for _lowest, highest in difference.getextrema()) <= 48


def test_a_thin_coloured_line_keeps_its_colour_among_many_others() -> None:
    picture = Image.linear_gradient("L").resize((900, 700)).convert("RGB")
    picture = ImageChops.add(picture, Image.merge("RGB", [Image.effect_noise((900, 700), 9) for _ in range(3)]))
    picture.paste((230, 20, 20), (100, 350, 400, 351))

    red, green, blue = decoded(encode(shot(picture)).data).getpixel((250, 350))

    assert abs(red - 230) + abs(green - 20) + abs(blue - 20) < 40


@pytest.mark.parametrize(("count", "is_exact"), [(256, True), (300, False)])
def test_colours_are_counted_over_the_whole_picture(count: int, is_exact: bool) -> None:
    """Each part of it has few colours, the whole may have too many."""
    picture = Image.new("RGB", (32, 4 * count))
    for number in range(count):
        picture.paste((number % 256, 40 + number // 256, number * 7 % 256), (0, 4 * number, 32, 4 * number + 4))

    assert (decoded(encode(shot(picture)).data).tobytes() == picture.tobytes()) is is_exact


def test_the_picture_has_no_metadata() -> None:
    data = encode(shot(painted([(1, 2, 3), (200, 100, 0)], 20))).data
    kinds, place = [], 8
    while place < len(data):
        kinds.append(data[place + 4 : place + 8].decode())
        place += 12 + int.from_bytes(data[place : place + 4])

    assert set(kinds) == {"IHDR", "PLTE", "IDAT", "IEND"}


def test_it_says_what_it_is() -> None:
    encoded = encode(shot(painted([(1, 2, 3)], 7)))

    assert (encoded.media_type, encoded.suffix) == ("image/png", ".png")
    assert encoded.data.startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_pixels_may_come_in_any_buffer(kind: type) -> None:
    picture = painted([(9, 8, 7), (6, 5, 4)], 11)
    pixels = kind(picture.tobytes("raw", "BGRX"))

    data = encode(Shot(Display("", 1, 0, 0, *picture.size), AT, pixels)).data

    assert decoded(data).tobytes() == picture.tobytes()


def test_a_shot_without_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="no picture"):
        encode(Shot(Display("DP-1", 1, 0, 0, 5, 5), AT, flaw=Flaw.REFUSED))
