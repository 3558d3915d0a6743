"""The panel is never off screen, whatever the screens are like."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QRect, QSize

from client.ui.placement import place

SCREENS = st.builds(
    QRect,
    st.integers(-20_000, 20_000),
    st.integers(-20_000, 20_000),
    st.integers(200, 8_000),
    st.integers(200, 8_000),
)
BARS = st.tuples(*[st.integers(0, 80)] * 4)
SIZES = st.builds(QSize, st.integers(1, 3_000), st.integers(1, 3_000))


@given(SCREENS, BARS, SIZES, st.none() | st.tuples(st.floats(-0.2, 1.2), st.floats(-0.2, 1.2)), st.booleans())
def test_the_window_is_wholly_on_the_available_screen(
    screen: QRect,
    bars: tuple[int, int, int, int],
    size: QSize,
    icon: tuple[float, float] | None,
    is_mirrored: bool,
) -> None:
    left, top, right, bottom = bars
    available = screen.adjusted(left, top, -right, -bottom)
    spot = None
    if icon is not None:
        corner = QPoint(screen.x() + int(icon[0] * screen.width()), screen.y() + int(icon[1] * screen.height()))
        spot = QRect(corner, QSize(24, 24))
    rect = place(size, screen, available, spot, is_mirrored=is_mirrored)
    assert available.contains(rect)
    assert rect.width() == min(size.width(), available.width() - 16)
    assert rect.height() == min(size.height(), available.height() - 16)


SCREEN = QRect(0, 0, 1920, 1080)


def test_it_opens_below_an_icon_at_the_top() -> None:
    rect = place(QSize(400, 600), SCREEN, SCREEN, QRect(1000, 4, 24, 24))
    assert rect.top() == 28 + 8
    assert abs(rect.center().x() - 1012) <= 2


def test_it_opens_above_an_icon_at_the_bottom() -> None:
    rect = place(QSize(400, 600), SCREEN, SCREEN.adjusted(0, 0, 0, -40), QRect(1850, 1050, 24, 24))
    assert rect.bottom() < 1040
    assert rect.right() <= 1920 - 8


def test_without_an_icon_it_goes_to_the_corner_beside_the_bar() -> None:
    size = QSize(400, 600)
    at_top = place(size, SCREEN, SCREEN.adjusted(0, 32, 0, 0), None)
    assert (at_top.top(), at_top.right()) == (40, 1919 - 8)
    at_left = place(size, SCREEN, SCREEN.adjusted(64, 0, 0, 0), None)
    assert (at_left.left(), at_left.bottom()) == (72, 1079 - 8)
    bare = place(size, SCREEN, SCREEN, None)
    assert (bare.right(), bare.bottom()) == (1919 - 8, 1079 - 8)
    mirrored = place(size, SCREEN, SCREEN, None, is_mirrored=True)
    assert (mirrored.left(), mirrored.bottom()) == (8, 1079 - 8)


def test_an_icon_on_another_display_does_not_count() -> None:
    left = QRect(-1280, 200, 1280, 720)
    rect = place(QSize(400, 600), left, left, QRect(1850, 1050, 24, 24))
    assert left.contains(rect)
    assert (rect.right(), rect.bottom()) == (left.right() - 8, left.bottom() - 8)
