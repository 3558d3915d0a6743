from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.capture.flaws import flaw_of
from client.core.models import Flaw

WIDTH, HEIGHT = 64, 48


def filled(pixel: bytes, width: int = WIDTH, height: int = HEIGHT) -> bytearray:
    return bytearray(pixel * (width * height))


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_an_all_black_picture_is_black(kind: type[bytes] | type[bytearray]) -> None:
    assert flaw_of(kind(filled(b"\0\0\0\0")), WIDTH, HEIGHT) is Flaw.BLACK


def test_a_picture_of_one_colour_is_told_as_such() -> None:
    assert flaw_of(filled(b"\x80\x50\x20\xff"), WIDTH, HEIGHT) is Flaw.ONE_COLOUR


@given(x=st.integers(0, WIDTH - 1), y=st.integers(0, HEIGHT - 1), channel=st.integers(0, 2), value=st.integers(1, 255))
def test_one_differing_pixel_anywhere_makes_it_a_picture(x: int, y: int, channel: int, value: int) -> None:
    pixels = filled(b"\0\0\0\0")
    pixels[(y * WIDTH + x) * 4 + channel] = value

    assert flaw_of(pixels, WIDTH, HEIGHT) is None


@given(noise=st.binary(min_size=WIDTH * HEIGHT, max_size=WIDTH * HEIGHT))
def test_the_unused_byte_of_a_pixel_does_not_count(noise: bytes) -> None:
    pixels = filled(b"\0\0\0\0")
    pixels[3::4] = noise

    assert flaw_of(pixels, WIDTH, HEIGHT) is Flaw.BLACK


def test_a_tiny_window_in_the_last_row_of_a_black_display_is_not_overlooked() -> None:
    pixels = filled(b"\0\0\0\0", 3840, 2160)
    pixels[-4:] = b"\x01\0\0\0"

    assert flaw_of(pixels, 3840, 2160) is None
