"""A small window that says one thing."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget

from client.core.errors import Problem
from client.core.models import DeskInfo
from client.core.words import _
from client.ui.outcome_page import OutcomePage
from client.ui.theme import Theme

WIDTH = 400


def no_tray() -> Problem:
    """What to say where the desktop shows no icons: how to reach the program."""
    return Problem(
        "no_tray",
        _("Deskbell is running, without an icon"),
        _(
            "This desktop has no place for its icon. To report a problem, start Deskbell from the menu of programs: "
            "the report opens at once. On GNOME, IT can add the “AppIndicator” extension."
        ),
    )


class Notice(QWidget):
    """`closed`: the user is done with it. `retried`: "try again now", where a report needs attention."""

    closed = Signal()
    retried = Signal()

    def __init__(self, theme: Theme, problem: Problem) -> None:
        super().__init__()
        self.setObjectName("notice")
        self.setWindowTitle(_("Deskbell"))
        self.page = OutcomePage(theme)
        self.page.show_notice(problem)
        self.page.closed.connect(self.close)
        self.page.retried.connect(self.retried)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.page)

    def show_attention(self, problem: Problem, desk: DeskInfo | None) -> None:
        """A saved report needs a person."""
        self.page.show_attention(problem, desk)

    def wanted_size(self) -> QSize:
        layout = self.layout()
        assert layout is not None
        return QSize(WIDTH, layout.totalHeightForWidth(WIDTH))

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.closed.emit()
