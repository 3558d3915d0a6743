"""Where the panel goes. Pure geometry in logical pixels, which may be negative (displays left of the primary)."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize

GAP = 8  # between the panel and the edges


def place(wanted: QSize, screen: QRect, available: QRect, icon: QRect | None, *, is_mirrored: bool = False) -> QRect:
    """The rectangle for a window of size `wanted`, frame included; never off `available`, made smaller if need be.

    `screen` is the display where the pointer is, `available` what its bars leave free. `icon` is where the tray icon
    is, if the tray says so (XEmbed, Windows, macOS; StatusNotifier hosts do not). Without it the panel goes to the
    corner next to the widest bar, where a tray usually is. `is_mirrored`: right-to-left desktops have it on the left.
    """
    room = available.adjusted(GAP, GAP, -GAP, -GAP)
    if room.width() <= 0 or room.height() <= 0:
        room = available
    size = wanted.boundedTo(room.size())
    if icon is not None and _is_on(icon, screen):
        x = icon.center().x() - size.width() // 2
        is_above = icon.center().y() > screen.center().y()
        y = icon.top() - GAP - size.height() if is_above else icon.bottom() + 1 + GAP
    else:
        corner = _corner(screen, available, is_mirrored)
        x, y = corner.x(), corner.y()
    return QRect(
        _within(x, room.left(), room.width(), size.width()),
        _within(y, room.top(), room.height(), size.height()),
        size.width(),
        size.height(),
    )


def _is_on(icon: QRect, screen: QRect) -> bool:
    return not icon.isEmpty() and screen.contains(icon.center())


def _corner(screen: QRect, available: QRect, is_mirrored: bool) -> QPoint:
    """The corner of the screen beside its widest bar; without bars the lower right one."""
    bars = {
        "bottom": screen.bottom() - available.bottom(),
        "top": available.top() - screen.top(),
        "right": screen.right() - available.right(),
        "left": available.left() - screen.left(),
    }
    side = max(bars, key=lambda name: bars[name])
    at_left = side == "left" or (is_mirrored and side != "right")
    return QPoint(screen.left() if at_left else screen.right(), screen.top() if side == "top" else screen.bottom())


def _within(wanted: int, start: int, room: int, length: int) -> int:
    return max(start, min(wanted, start + room - length))
