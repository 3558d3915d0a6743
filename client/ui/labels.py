"""Labels and check boxes whose words are never cut off silently."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QStylePainter

NO_LIMIT = 10_000


def label(text: str, part: str) -> QLabel:
    """Plain text that wraps; `part` names its look in the style sheet."""
    made = QLabel(text)
    made.setProperty("part", part)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(True)
    return made


def link(text: str, name: str) -> QPushButton:
    """A button that looks like a link; `name` says in full what it does."""
    button = QPushButton(text)
    button.setProperty("part", "link")
    button.setAccessibleName(name)
    button.setAutoDefault(True)
    return button


class OneLine(QLabel):
    """One line whatever the text: what does not fit ends in "…" and stands in the tooltip. Its height never changes."""

    def __init__(self, text: str, part: str) -> None:
        super().__init__(text)
        self.setProperty("part", part)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def setText(self, text: str) -> None:
        super().setText(" ".join(text.split()))
        self._explain()

    def set_part(self, part: str) -> None:
        """Change the look; both looks must have the same height."""
        if self.property("part") != part:
            self.setProperty("part", part)
            self.style().unpolish(self)
            self.style().polish(self)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()), metrics.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._explain()

    def paintEvent(self, _event: QPaintEvent) -> None:
        side = QStyle.visualAlignment(self.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        self.style().drawItemText(
            QPainter(self),
            self.rect(),
            side | Qt.AlignmentFlag.AlignVCenter,
            self.palette(),
            self.isEnabled(),
            text,
            self.foregroundRole(),
        )

    def _explain(self) -> None:
        is_whole = self.fontMetrics().horizontalAdvance(self.text()) <= self.width()
        self.setToolTip("" if is_whole else self.text())


class WrappingCheckBox(QCheckBox):
    """A check box whose text wraps; Qt's own cuts it off."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum, QSizePolicy.ControlType.CheckBox)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._beside_text(), super().sizeHint().height())

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        room = QRect(0, 0, max(1, width - self._beside_text()), NO_LIMIT)
        metrics = self.fontMetrics()
        needed = metrics.boundingRect(room, Qt.TextFlag.TextWordWrap, self.text()).height()
        return super().sizeHint().height() + max(0, needed - metrics.lineSpacing())

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def paintEvent(self, _event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        room = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxContents, option, self)
        option.text = ""
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_CheckBox, option)
        side = QStyle.visualAlignment(self.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
        flags = side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
        painter.drawItemText(room, flags, self.palette(), self.isEnabled(), self.text(), QPalette.ColorRole.WindowText)

    def _beside_text(self) -> int:
        """The width of everything but the text."""
        text = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, self.text())
        return super().sizeHint().width() - text.width()
