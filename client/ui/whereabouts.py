"""Puts a window near the tray icon, on the display where the pointer is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QCursor, QGuiApplication, QScreen
from PySide6.QtWidgets import QStyle, QWidget

from client.ui.placement import place

FRAME = 2  # left, right and lower edge that window managers add, about


class Whereabouts:
    """`icon` tells where the tray icon is, None where the tray does not say."""

    def __init__(self, application: QGuiApplication, icon: Callable[[], QRect | None]) -> None:
        self._application = application
        self._icon = icon

    def pixel_ratio(self) -> float:
        """Of the display where a window would open now."""
        return self._screen().devicePixelRatio()

    def put(self, window: QWidget, wanted: QSize) -> None:
        """Give a window that is not shown yet its place and size. On Wayland the compositor places."""
        self._put(window, wanted, self._screen())

    def refit(self, window: QWidget, wanted: QSize) -> None:
        """Give a shown window the size that it wants now, where it is."""
        screen = window.screen()
        room = screen.availableGeometry()
        frame = window.frameGeometry()
        edges = frame.size() - window.size()
        size = wanted.boundedTo(room.size() - edges)
        window.resize(size)
        bottom_aligned = abs(room.bottom() - frame.bottom()) < abs(frame.top() - room.top())
        top = frame.bottom() + 1 - size.height() - edges.height() if bottom_aligned else frame.top()
        top = max(room.top(), min(top, room.bottom() + 1 - size.height() - edges.height()))
        window.move(QPoint(frame.left(), top))

    def _put(self, window: QWidget, wanted: QSize, screen: QScreen) -> None:
        style = window.style()
        title = style.pixelMetric(QStyle.PixelMetric.PM_TitleBarHeight)
        edges = QSize(2 * FRAME, title + FRAME)
        is_mirrored = window.layoutDirection() == Qt.LayoutDirection.RightToLeft
        rect = place(
            wanted + edges, screen.geometry(), screen.availableGeometry(), self._icon(), is_mirrored=is_mirrored
        )
        window.setScreen(screen)
        window.resize(rect.size() - edges)
        window.move(rect.topLeft())

    def _screen(self) -> QScreen:
        return self._application.screenAt(QCursor.pos()) or self._application.primaryScreen()
