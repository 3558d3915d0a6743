"""A picture, large: what exactly is sent."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeySequence, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from client.core.words import _
from client.ui.theme import STEP, Theme

SHARE = 0.85  # of the display that it opens on


class Canvas(QWidget):
    """The picture, as large as fits, never larger than its own pixels."""

    def __init__(self, theme: Theme, image: QImage) -> None:
        super().__init__()
        self._theme = theme
        self.image = image
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(STEP, STEP)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        own = self.image.size() / self.devicePixelRatioF()
        fitted = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio).boundedTo(own)
        spot = QRect(
            (self.width() - fitted.width()) // 2,
            (self.height() - fitted.height()) // 2,
            fitted.width(),
            fitted.height(),
        )
        painter.drawImage(spot, self.image)
        painter.setPen(QColor(self._theme.colours.line))
        painter.drawRect(spot.adjusted(0, 0, -1, -1))


class PictureWindow(QWidget):
    """`included` tells of its tick, `closed` that it is gone."""

    included = Signal(int, bool)
    closed = Signal()

    def __init__(
        self, theme: Theme, picture_id: int, title: str, image: QImage, *, is_included: bool, room: QRect
    ) -> None:
        super().__init__()
        self.setObjectName("picture")
        self.setWindowTitle(title)
        self._picture_id = picture_id
        self.canvas = Canvas(theme, image)
        self.canvas.setAccessibleName(title)
        self.tick = QCheckBox(_("Send this picture"))
        self.tick.setAccessibleName(_("Send this picture"))
        self.tick.setChecked(is_included)
        self.tick.toggled.connect(self._include)
        close = QPushButton(_("Close"))
        close.setAccessibleName(_("Close"))
        close.setAutoDefault(True)
        close.clicked.connect(self.close)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.close)
        row = QHBoxLayout()
        row.addWidget(self.tick, 1)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(STEP, STEP, STEP, STEP)
        column.setSpacing(STEP)
        column.addWidget(self.canvas, 1)
        column.addLayout(row)
        wanted = image.size().scaled(room.size() * SHARE, Qt.AspectRatioMode.KeepAspectRatio)
        size = (wanted + QSize(2 * STEP, 8 * STEP)).boundedTo(room.size())
        corner = room.center() - QRect(0, 0, size.width(), size.height()).center()
        self.setGeometry(QRect(corner, size))
        close.setFocus()

    def closeEvent(self, _event: object) -> None:
        self.closed.emit()

    def _include(self, is_included: bool) -> None:
        self.included.emit(self._picture_id, is_included)
