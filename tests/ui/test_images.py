"""Pictures are shown without a copy, and nothing reads memory that is gone."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSize

from client.core.models import Shot
from client.ui import images
from tests.ui.fakes import TAKEN_AT, display, shot


def test_the_whole_picture_lies_in_the_shots_own_buffer(qapp: object) -> None:
    pixels = bytearray(4 * 8 * 8)
    image = images.whole(Shot(display(1, 8, 8), TAKEN_AT, pixels))
    assert image is not None
    pixels[0:4] = b"\x01\x02\x03\xff"
    assert image.pixelColor(0, 0).getRgb() == (3, 2, 1, 255)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_an_image_keeps_its_buffer_when_all_names_of_it_are_gone(qapp: object, kind: type) -> None:
    raw = (b"\x11\x22\x33\xff" if kind is not bytearray else bytearray(b"\x11\x22\x33\xff")) * 64 * 64
    alone = sys.getrefcount(raw)
    image = images.whole(Shot(display(1, 64, 64), TAKEN_AT, memoryview(raw) if kind is memoryview else raw))
    gc.collect()
    held = sys.getrefcount(raw)
    assert held > alone
    assert image is not None
    assert image.pixelColor(63, 63).getRgb()[:3] == (0x33, 0x22, 0x11)


@pytest.mark.parametrize(("width", "height"), [(3840, 2160), (90, 51), (180, 101), (33, 2000)])
def test_a_thumbnail_holds_nothing_of_the_shot(qapp: object, width: int, height: int) -> None:
    taken = shot(1, width, height)
    before = sys.getrefcount(taken.pixels)
    small = images.small(taken, QSize(180, 101), 1.0)
    gc.collect()
    after = sys.getrefcount(taken.pixels)  # outside of the assertion, which keeps what it compares
    assert small is not None
    assert after == before
    assert isinstance(taken.pixels, bytearray)
    taken.pixels[:] = bytes(len(taken.pixels))
    assert small.pixelColor(0, 0).getRgb()[:3] == (0x20, 0x60, 0xA0)


def test_a_thumbnail_fits_its_room_in_the_displays_own_pixels(qapp: object) -> None:
    small = images.small(shot(1, 3840, 2160), QSize(180, 101), 2.0)
    assert small is not None
    assert small.size().width() <= 360
    assert small.size().height() <= 202
    assert small.deviceIndependentSize().width() > 170


def test_a_picture_that_cannot_be_read_is_none(qapp: object, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nno")
    assert images.read(broken) is None
    assert images.small_of(tmp_path / "absent.png", QSize(10, 10), 1.0) is None
