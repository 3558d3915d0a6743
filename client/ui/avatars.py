"""The initials of who is on duty. Decoration: the line below the heading says the names."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from client.ui import phrases

SIZE = 26
OVERLAP = 4
COLOURS = ("#9d3a72", "#236b4c", "#7a4fb0", "#8a4b12", "#1d5f8a")
MOST = 3


class Avatars(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._initials: tuple[str, ...] = ()

    def show_names(self, names: Sequence[str]) -> None:
        self._initials = tuple(filter(None, (phrases.initials(name) for name in names[:MOST])))
        count = len(self._initials)
        self.setFixedSize(max(0, count * SIZE - max(0, count - 1) * OVERLAP), SIZE)
        self.setVisible(count > 0)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPixelSize(10)
        font.setBold(True)
        painter.setFont(font)
        for place, text in enumerate(self._initials):
            disc = QRectF(place * (SIZE - OVERLAP), 0, SIZE, SIZE).adjusted(1, 1, -1, -1)
            painter.setPen(QPen(self.palette().window().color(), 2))
            painter.setBrush(QColor(COLOURS[sum(map(ord, text)) % len(COLOURS)]))
            painter.drawEllipse(disc)
            painter.setPen(QColor("#ffffff"))
            painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, text)
