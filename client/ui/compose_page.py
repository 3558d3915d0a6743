"""The report in the making. Text, category and every tick are optional; one click sends."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
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
from client.core.models import DeskInfo, Fact
from client.core.words import _
from client.ui import phrases
from client.ui.avatars import Avatars
from client.ui.chips import Chips
from client.ui.screens import Screens
from client.ui.theme import STEP, Theme

TEXT_LINES = 3
MARGIN = 2 * STEP


class Middle(QScrollArea):
    """Scrolls what does not fit. The content has a fixed width, so that a scroll bar finds room in the margin."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self._content = content
        outer = QWidget()
        row = QHBoxLayout(outer)
        row.setContentsMargins(MARGIN, 0, 0, 0)
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
        self._inner = inner = width - 2 * MARGIN
        heading = _label(_("What’s going wrong?"), "heading")
        self._duty = _label("", "faint")
        self._avatars = Avatars()
        self._restored = _label(_("What you had not sent yet is back."), "restored")
        self._banner = _label("", "banner")
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
        self._facts, self.see_all = self._make_facts()
        self.blocking = QCheckBox(_("I can’t work until this is fixed"))
        self.blocking.setObjectName("blocking")
        self.blocking.setAccessibleName(self.blocking.text())
        self.blocking.toggled.connect(self.changed)
        self.more = self._make_more()
        self.send = QPushButton(_("Send to IT"))
        self.send.setObjectName("send")
        self.send.setAccessibleName(_("Send to IT"))
        self.send.setAutoDefault(True)
        self.send.clicked.connect(self.sent)
        self._promise = _label("", "faint")
        self._promise.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for key in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(key), self, self._send_by_key)
        self._build(heading)
        self.show_desk(None)
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
        """Who is on duty, how to reach them, how they sort. None: nothing is known yet."""
        line = phrases.on_duty(desk) if desk else ""
        self._duty.setText(line)
        self._duty.setVisible(bool(line))
        self._avatars.show_names(desk.on_duty if desk else ())
        self.chips.show_categories(desk.categories if desk else ())
        self.chips.setVisible(bool(desk and desk.categories))
        self.order_focus()
        if desk and desk.phone:
            self._promise.setText(
                _("Urgent? Call {phone} · nothing leaves this PC before you press Send").format(phone=desk.phone)
            )
        else:
            self._promise.setText(_("Nothing leaves this PC before you press Send"))

    def show_facts(self, facts: Sequence[Fact], excluded: frozenset[str]) -> None:
        machine, odd = phrases.summary(facts, excluded)
        lines = [_("This PC: {facts}").format(facts=machine)] if machine else [_("This PC")] if facts else []
        self._machine.setText("\n".join(lines) or _("Looking at this PC …"))
        self._odd.setText("\n".join(odd))
        self._odd.setVisible(bool(odd))
        self.see_all.setEnabled(bool(facts))

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

    def _make_facts(self) -> tuple[QFrame, QPushButton]:
        card = QFrame()
        card.setObjectName("card")
        self._machine = _label(_("Looking at this PC …"), "small")
        self._odd = _label("", "warn")
        self._odd.hide()
        see_all = _link(_("See all"), _("See all facts about this PC"))
        see_all.setObjectName("facts")
        see_all.setEnabled(False)
        see_all.clicked.connect(self.facts_wanted)
        lines = QVBoxLayout()
        lines.setSpacing(STEP // 2)
        lines.addWidget(self._machine)
        lines.addWidget(self._odd)
        row = QHBoxLayout(card)
        row.setContentsMargins(STEP + 4, STEP, STEP // 2, STEP)
        row.addLayout(lines, 1)
        row.addWidget(see_all)
        return card, see_all

    def _make_more(self) -> QPushButton:
        more = _link(_("More"), _("More options"))
        more.setObjectName("more")
        menu = QMenu(more)
        add = QAction(_("Add a file…"), menu)
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
        urgency.setContentsMargins(0, 0, 0, 0)
        urgency.addWidget(self.blocking, 1)
        urgency.addWidget(self.more)
        content = QWidget()
        middle = QVBoxLayout(content)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(STEP + 4)
        parts: tuple[QWidget, ...] = (self._restored, self._banner, self.text, self.chips, self.screens, self._facts)
        for part in parts:
            middle.addWidget(part)
        middle.addLayout(urgency)
        self.middle = Middle(content)
        self._foot = QWidget()
        foot = QVBoxLayout(self._foot)
        foot.setContentsMargins(MARGIN, 0, MARGIN, 0)
        foot.setSpacing(STEP)
        foot.addWidget(self.send)
        foot.addWidget(self._promise)
        content.setFixedWidth(self._inner)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, MARGIN, 0, MARGIN)
        column.setSpacing(STEP)
        column.addWidget(self._head)
        column.addWidget(self.middle, 1)
        column.addWidget(self._foot)
        self.order_focus()

    def order_focus(self) -> None:
        """The Tab key walks as the eye reads; to be set again when controls came."""
        rows = [self.text, *self.chips.buttons.values(), *self.screens.controls()]
        rows += [self.see_all, self.blocking, self.more, self.send]
        for before, after in pairwise(rows):
            QWidget.setTabOrder(before, after)

    def sizeHint(self) -> QSize:
        return QSize(self._width, self.whole_height())


def _label(text: str, part: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("part", part)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def _link(text: str, name: str) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("part", "link")
    button.setAccessibleName(name)
    button.setAutoDefault(True)
    return button


def _height(part: QWidget, width: int) -> int:
    """The height that a part needs at a width."""
    layout = part.layout()
    assert layout is not None
    layout.activate()
    return layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.totalSizeHint().height()
