"""Every fact of the report, each with a tick, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from client.core.models import Fact
from client.core.words import _
from client.ui import phrases
from client.ui.labels import WrappingCheckBox
from client.ui.theme import CHECK_BOX_EDGE, STEP


class FactsPage(QWidget):
    """`included` tells of a tick that changed, `left` that the user goes back to the report."""

    included = Signal(str, bool)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.back = QPushButton(_("Back"))
        self.back.setObjectName("facts-back")
        self.back.setAccessibleName(_("Back to the report"))
        self.back.clicked.connect(self.left)
        heading = QLabel(_("What is sent about this PC"))
        heading.setProperty("part", "heading")
        heading.setWordWrap(True)
        hint = QLabel(_("A technician asks for this first. Untick what you want to keep to yourself."))
        hint.setProperty("part", "faint")
        hint.setWordWrap(True)
        self._rows = QGridLayout()
        self._rows.setHorizontalSpacing(STEP)
        self._rows.setVerticalSpacing(STEP // 2)
        self._rows.setColumnStretch(1, 1)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, STEP, 0)
        inner.addLayout(self._rows)
        inner.addStretch()
        self.area = QScrollArea()
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(content)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2 * STEP, 0, 2 * STEP)
        column.setSpacing(STEP)
        for part, left in ((heading, 0), (hint, 0), (self.area, CHECK_BOX_EDGE), (self.back, 0)):
            row = QVBoxLayout()
            row.setContentsMargins(2 * STEP - left, 0, 2 * STEP, 0)
            row.addWidget(part)
            column.addLayout(row, 1 if part is self.area else 0)
        self.ticks: dict[str, QCheckBox] = {}

    def show_facts(self, facts: Sequence[Fact], excluded: frozenset[str]) -> None:
        """List `facts`; those already listed keep their row and get the new value's."""
        for fact in facts:
            if fact.key not in self.ticks:
                self._add(fact, is_sent=fact.key not in excluded)

    def _add(self, fact: Fact, *, is_sent: bool) -> None:
        row = len(self.ticks)
        label = _(fact.label)
        tick = WrappingCheckBox(label)
        tick.setProperty("part", "fact")
        tick.setObjectName(f"fact-{fact.key}")
        tick.setAccessibleName(_("{fact}: send it").format(fact=label))
        tick.setChecked(is_sent)
        key = fact.key
        tick.toggled.connect(lambda is_sent: self.included.emit(key, is_sent))
        value = QLabel(phrases.in_lines(fact.value))
        value.setTextFormat(Qt.TextFormat.PlainText)
        value.setWordWrap(True)
        value.setProperty("part", "value")
        says = QVBoxLayout()
        says.setContentsMargins(0, 6, 0, 0)
        says.setSpacing(0)
        says.addWidget(value)
        self._rows.addWidget(tick, row, 0, Qt.AlignmentFlag.AlignTop)
        self._rows.addLayout(says, row, 1)
        if fact.alarm:
            alarm = QLabel(_(fact.alarm))
            alarm.setProperty("part", "warn")
            alarm.setWordWrap(True)
            says.addWidget(alarm)
        says.addStretch()
        self.ticks[key] = tick
