"""The report in the making. Text, category and every tick are optional; one click sends."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from client.core.errors import Problem
from client.core.models import DeskInfo
from client.core.words import _
from client.ui import phrases
from client.ui.avatars import Avatars
from client.ui.chips import Chips
from client.ui.labels import WrappingCheckBox, label, link
from client.ui.machine_box import MachineBox
from client.ui.screens import Screens
from client.ui.theme import CHECK_BOX_EDGE, STEP, Theme

TEXT_LINES = 3
MARGIN = 2 * STEP


class Middle(QScrollArea):
    """Scrolls what does not fit. The content has a fixed width; a scroll bar covers only the margin in it."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self._content = content
        outer = QWidget()
        row = QHBoxLayout(outer)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(content, 0, Qt.AlignmentFlag.AlignTop)
        row.addStretch()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(outer)

    def whole_height(self) -> int:
        """The height that shows everything."""
        return _height(self._content, self._content.width())


class ComposePage(QWidget):
    """`sent`: Send was pressed. `changed`: words, category or urgency. `facts_wanted`, `file_wanted`: links."""

    sent = Signal()
    changed = Signal()
    facts_wanted = Signal()
    file_wanted = Signal()

    def __init__(self, theme: Theme, width: int) -> None:
        super().__init__()
        self._width = width
        inner = width - 2 * MARGIN
        heading = label(_("What’s going wrong?"), "heading")
        self._duty = label("", "faint")
        self._avatars = Avatars()
        self._restored = label(_("What you had not sent yet is back."), "restored")
        self._banner = label("", "banner")
        self._banner.setObjectName("banner")
        self.text = QPlainTextEdit()
        self.text.setObjectName("text")
        self.text.setAccessibleName(_("What’s going wrong?"))
        self.text.setPlaceholderText(_("Optional – one line is enough"))
        self.text.setTabChangesFocus(True)
        self.text.textChanged.connect(self.changed)
        self.chips = Chips(inner)
        self.chips.changed.connect(self.changed)
        self.screens = Screens(theme, inner)
        self.machine = MachineBox()
        self.machine.opened.connect(self.facts_wanted)
        self.blocking = WrappingCheckBox(_("I can’t work until this is fixed"))
        self.blocking.setObjectName("blocking")
        self.blocking.setAccessibleName(self.blocking.text())
        self.blocking.toggled.connect(self.changed)
        self.more = self._make_more()
        self.send = QPushButton(_("Send to IT"))
        self.send.setObjectName("send")
        self.send.setAccessibleName(_("Send to IT"))
        self.send.setAutoDefault(True)
        self.send.clicked.connect(self.sent)
        self._phone = label("", "faint")
        self._promise = label(_("Nothing leaves this PC before you press Send"), "faint")
        for line in (self._phone, self._promise):
            line.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for key in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(key), self, self._send_by_key)
        self._build(heading)
        self._restored.hide()
        self._banner.hide()

    def show_words(self, text: str, category: str | None, blocking: bool, *, is_restored: bool) -> None:
        """Words that come back; tells nobody of a change."""
        for widget in (self.text, self.chips, self.blocking):
            widget.blockSignals(True)
        self.text.setPlainText(text)
        self.text.moveCursor(self.text.textCursor().MoveOperation.End)
        self.chips.choose(category)
        self.blocking.setChecked(blocking)
        for widget in (self.text, self.chips, self.blocking):
            widget.blockSignals(False)
        self._restored.setVisible(is_restored)

    def show_desk(self, desk: DeskInfo | None) -> None:
        """Who is on duty, how to reach them, how they sort; once, before the page shows. None: nothing is known yet."""
        line = phrases.on_duty(desk) if desk else ""
        self._duty.setText(line)
        self._duty.setVisible(bool(line))
        self._avatars.show_names(desk.on_duty if desk else ())
        self.chips.show_categories(desk.categories if desk else ())
        self.chips.setVisible(bool(desk and desk.categories))
        self._phone.setVisible(bool(desk and desk.phone))
        if desk and desk.phone:
            self._phone.setText(_("Urgent? Call {phone}").format(phone=desk.phone))

    def show_problem(self, problem: Problem | None) -> None:
        """A banner above everything: what happened and what the user can do."""
        self._banner.setVisible(problem is not None)
        if problem is not None:
            self._banner.setText("\n".join(part for part in (problem.title, problem.detail) if part))

    def set_saving(self, is_saving: bool) -> None:
        """While the report is being saved nothing can be changed, and Send cannot be pressed."""
        self.send.setEnabled(not is_saving)
        self.send.setText(_("Saving …") if is_saving else _("Send to IT"))
        self.middle.setEnabled(not is_saving)

    def whole_height(self) -> int:
        """The height at which nothing has to scroll."""
        parts = _height(self._head, self._width), self.middle.whole_height(), _height(self._foot, self._width)
        return sum(parts) + 2 * MARGIN + 2 * STEP

    def _send_by_key(self) -> None:
        if self.send.isEnabled():
            self.sent.emit()

    def _make_more(self) -> QPushButton:
        more = link(_("More"), _("More options"))
        more.setObjectName("more")
        menu = QMenu(more)
        add = QAction(_("Attach something…"), menu)
        add.triggered.connect(self.file_wanted)
        menu.addAction(add)
        more.setMenu(menu)
        return more

    def _build(self, heading: QLabel) -> None:
        self._head = QWidget()
        titles = QVBoxLayout()
        titles.setSpacing(2)
        titles.addWidget(heading)
        titles.addWidget(self._duty)
        head = QHBoxLayout(self._head)
        head.setContentsMargins(MARGIN, 0, MARGIN, 0)
        head.addLayout(titles, 1)
        head.addWidget(self._avatars, 0, Qt.AlignmentFlag.AlignTop)
        self.text.setFixedHeight(self.text.fontMetrics().lineSpacing() * TEXT_LINES + 3 * STEP)
        urgency = QHBoxLayout()
        urgency.setContentsMargins(MARGIN - CHECK_BOX_EDGE, 0, MARGIN, 0)  # the box itself stands below the others
        urgency.addWidget(self.blocking, 1)
        urgency.addWidget(self.more)
        content = QWidget()
        rows = QVBoxLayout()
        rows.setContentsMargins(MARGIN, 0, MARGIN, 0)
        rows.setSpacing(STEP + 4)
        parts: tuple[QWidget, ...] = (self._restored, self._banner, self.text, self.chips, self.screens, self.machine)
        for part in parts:
            rows.addWidget(part)
        middle = QVBoxLayout(content)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(STEP + 4)
        middle.addLayout(rows)
        middle.addLayout(urgency)
        self.middle = Middle(content)
        self._foot = QWidget()
        foot = QVBoxLayout(self._foot)
        foot.setContentsMargins(MARGIN, 0, MARGIN, 0)
        foot.setSpacing(STEP)
        foot.addWidget(self.send)
        lines = QVBoxLayout()
        lines.setSpacing(2)
        lines.addWidget(self._phone)
        lines.addWidget(self._promise)
        foot.addLayout(lines)
        content.setFixedWidth(self._width)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, MARGIN, 0, MARGIN)
        column.setSpacing(STEP)
        column.addWidget(self._head)
        column.addWidget(self.middle, 1)
        column.addWidget(self._foot)

    def order_focus(self) -> None:
        """The Tab key walks as the eye reads; to be set again when controls came."""
        rows = [self.text, *self.chips.buttons.values(), *self.screens.controls()]
        rows += [self.machine.see_all, self.blocking, self.more, self.send]
        for before, after in pairwise(rows):
            QWidget.setTabOrder(before, after)

    def sizeHint(self) -> QSize:
        return QSize(self._width, self.whole_height())


def _height(part: QWidget, width: int) -> int:
    """The height that a part needs at a width."""
    layout = part.layout()
    assert layout is not None
    layout.activate()
    return layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.totalSizeHint().height()
