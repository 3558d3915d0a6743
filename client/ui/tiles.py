"""One picture in the panel: a click on it shows it large, the tick says whether it is sent."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QVBoxLayout, QWidget

from client.core.words import _
from client.ui.labels import OneLine
from client.ui.theme import STEP, Colours, Theme

TICK = 28  # wide and high enough to hit


class Preview(QAbstractButton):
    """The picture itself, greyed where it is not sent."""

    def __init__(self, theme: Theme, box: QSize) -> None:
        super().__init__()
        self._theme = theme
        self._image: QImage | None = None
        self._grey: QImage | None = None
        self.is_sent = True
        self.words = _("No picture")  # where there is none
        self.setFixedSize(box)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(_("Show it large"))

    def set_image(self, image: QImage | None) -> None:
        self._image, self._grey = image, None
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        path = QPainterPath()
        path.addRoundedRect(frame, STEP, STEP)
        painter.fillPath(path, QColor(colours.raised))
        painter.setClipPath(path)
        image = self._shown()
        if image is None:
            painter.setPen(QColor(colours.faint))
            room = self.rect().adjusted(STEP, STEP, -STEP, -STEP)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.words)
        else:
            logical = image.deviceIndependentSize()
            spot = QPointF((self.width() - logical.width()) / 2, (self.height() - logical.height()) / 2)
            painter.setOpacity(1.0 if self.is_sent else 0.5)
            painter.drawImage(spot, image)
            painter.setOpacity(1.0)
        painter.setClipping(False)
        painter.setPen(QPen(QColor(colours.accent if self.is_sent and image else colours.line), 2))
        painter.drawPath(path)
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.text), 2, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(frame.adjusted(3, 3, -3, -3), STEP - 2, STEP - 2)

    def _shown(self) -> QImage | None:
        if self._image is None or self.is_sent:
            return self._image
        if self._grey is None:
            self._grey = self._image.convertToFormat(QImage.Format.Format_Grayscale8)
            self._grey.setDevicePixelRatio(self._image.devicePixelRatio())
        return self._grey


class Tick(QCheckBox):
    """A round check mark on the corner of a picture."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFixedSize(TICK, TICK)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def hitButton(self, _pos: object) -> bool:
        return True

    def paintEvent(self, _event: QPaintEvent) -> None:
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        disc = QRectF(self.rect()).adjusted(4, 4, -4, -4)
        painter.setPen(QPen(QColor(colours.on_accent if self.isChecked() else colours.text), 1.5))
        painter.setBrush(QColor(colours.accent if self.isChecked() else colours.ground))
        painter.drawEllipse(disc)
        if self.isChecked():
            painter.setPen(_stroke(colours))
            painter.drawPolyline(QPolygonF([QPointF(9.5, 14.5), QPointF(12.5, 17.5), QPointF(18.5, 10.8)]))
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.text), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QRectF(self.rect()).adjusted(1, 1, -1, -1))


def _stroke(colours: Colours) -> QPen:
    cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    return QPen(QColor(colours.on_accent), 2, Qt.PenStyle.SolidLine, cap, join)


class Tile(QWidget):
    """A preview with its tick and its caption. `name` stands for the picture in every text, such as "Display 2"."""

    included = Signal(int, bool)
    opened = Signal(int)

    def __init__(self, theme: Theme, picture_id: int, name: str, remark: str, box: QSize, *, is_included: bool) -> None:
        super().__init__()
        self.picture_id = picture_id
        self._name = name
        self._remark = remark
        self.preview = Preview(theme, box)
        self.preview.setObjectName(f"thumbnail-{picture_id}")
        self.preview.setAccessibleName(_("{name}: show the picture large").format(name=name))
        self.preview.clicked.connect(self._open)
        self.tick = Tick(self.preview, theme)
        self.tick.setObjectName(f"tick-{picture_id}")
        self.tick.setAccessibleName(_("{name}: send the picture").format(name=name))
        self.tick.setToolTip(_("Send this picture, or not"))
        self.tick.setChecked(is_included)
        self.tick.toggled.connect(self._include)
        self._caption = OneLine("", "faint")
        self._caption.setFixedWidth(box.width())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(STEP // 2)
        column.addWidget(self.preview)
        column.addWidget(self._caption)
        self._show_state()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = 2 if is_mirrored else self.preview.width() - TICK - 2
        self.tick.setGeometry(QRect(x, 2, TICK, TICK))

    def set_included(self, is_included: bool) -> None:
        self.tick.setChecked(is_included)

    def fail(self, words: str, sentence: str) -> None:
        """There is no picture after all: `words` stand in its place, `sentence` says more. Nothing moves."""
        self.tick.setChecked(False)
        self.tick.hide()
        self.preview.setEnabled(False)
        self.preview.words = words
        self.preview.set_image(None)
        self.preview.setToolTip(sentence)
        self.preview.setAccessibleDescription(sentence)

    def _include(self, is_included: bool) -> None:
        self._show_state()
        self.included.emit(self.picture_id, is_included)

    def _open(self) -> None:
        self.opened.emit(self.picture_id)

    def _show_state(self) -> None:
        self.preview.is_sent = self.tick.isChecked()
        self.preview.update()
        remark = self._remark if self.tick.isChecked() else _("not sent")
        text = f"{self._name} · {remark}" if remark else self._name
        self._caption.setText(text)
