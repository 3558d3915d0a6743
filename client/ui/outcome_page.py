"""What became of the report, after Send: it is with IT, it waits, or a person must act."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from client.core.errors import Problem
from client.core.models import DeskInfo, Receipt
from client.core.words import _
from client.ui import phrases
from client.ui.theme import STEP, Theme

SIGN = 32
MARK = 6  # where i and ! stand, so that they begin where the words do
NO_CONNECTION = ("no_connection", "no_such_name")


class Sign(QWidget):
    """A check mark, two bars, an arrow, an i, or an exclamation mark. Decoration: the title says the same."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.shape = "good"
        self.setFixedSize(SIGN, SIGN)

    def paintEvent(self, _event: QPaintEvent) -> None:
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
        if self.shape == "good":
            painter.setPen(QPen(QColor(colours.good), 3, Qt.PenStyle.SolidLine, cap, join))
            painter.drawPolyline(QPolygonF([QPointF(5, 17), QPointF(12, 24), QPointF(27, 8)]))
        elif self.shape == "pause":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.warn))
            painter.drawRoundedRect(QRectF(4, 6, 6, 20), 2, 2)
            painter.drawRoundedRect(QRectF(15, 6, 6, 20), 2, 2)
        elif self.shape == "sending":
            painter.setPen(QPen(QColor(colours.accent), 3, Qt.PenStyle.SolidLine, cap, join))
            painter.drawLine(QPointF(16, 27), QPointF(16, 6))
            painter.drawPolyline(QPolygonF([QPointF(7, 14), QPointF(16, 5), QPointF(25, 14)]))
        elif self.shape == "notice":
            painter.setPen(QPen(QColor(colours.accent), 4, Qt.PenStyle.SolidLine, cap, join))
            painter.drawPoint(QPointF(MARK, 6))
            painter.drawLine(QPointF(MARK, 14), QPointF(MARK, 26))
        else:
            painter.setPen(QPen(QColor(colours.bad), 4, Qt.PenStyle.SolidLine, cap, join))
            painter.drawLine(QPointF(MARK, 5), QPointF(MARK, 18))
            painter.drawPoint(QPointF(MARK, 26))


class OutcomePage(QWidget):
    """`retried` asks to send now, `closed` to close the window."""

    retried = Signal()
    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.form = ""
        self.sign = Sign(theme)
        self.title = QLabel()
        self.title.setObjectName("outcome-title")
        self.title.setProperty("part", "title")
        self.body = QLabel()
        self.body.setObjectName("outcome-body")
        self.body.setProperty("part", "body")
        for label in (self.title, self.body):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.again = QPushButton(_("Try again now"))
        self.again.setObjectName("outcome-again")
        self.again.setAccessibleName(_("Try again now"))
        self.again.clicked.connect(self.retried)
        self.close_button = QPushButton(_("Close"))
        self.close_button.setObjectName("outcome-close")
        self.close_button.setAccessibleName(_("Close"))
        self.close_button.clicked.connect(self.closed)
        for button in (self.again, self.close_button):
            button.setAutoDefault(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(STEP)
        buttons.addWidget(self.again)
        buttons.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * STEP, 2 * STEP, 2 * STEP, 2 * STEP)
        column.setSpacing(STEP)
        column.addWidget(self.sign)
        column.addWidget(self.title)
        column.addWidget(self.body)
        column.addSpacing(STEP)
        column.addLayout(buttons)
        column.addStretch()

    def show_sending(self) -> None:
        """It is durable, and on its way."""
        self._show("sending", _("Sending your report"), [_("It is saved on this PC. You can close this window.")])

    def show_with_desk(self, receipt: Receipt, desk: DeskInfo | None) -> None:
        """The desk has it; pictures may still be on their way."""
        follows = "" if receipt.is_complete else _("The pictures follow by themselves.")
        title = _("Ticket {number} is with IT").format(number=receipt.ticket_number)
        self._show("good", title, [_sentences(_next_step(desk), follows)])

    def show_waiting(self, problem: Problem, desk: DeskInfo | None) -> None:
        """It is durable and is tried again by itself; `problem` says what holds it."""
        is_offline = problem.code in NO_CONNECTION
        title = _("Saved – no connection right now") if is_offline else _("Saved – not sent yet")
        safe = _("Your report is safe on this PC and is sent by itself as soon as it works, even after a restart.")
        parts = [] if is_offline else [problem.title, problem.detail]
        self._show("pause", title, [*parts, _sentences(safe, _call(desk))], has_retry=True)

    def show_attention(self, problem: Problem, desk: DeskInfo | None) -> None:
        """It is durable, but a person must act; `problem` says what and how."""
        safe = _("Your report is safe on this PC.")
        self._show("attention", problem.title, [problem.detail, _sentences(safe, _call(desk))], has_retry=True)

    def show_notice(self, problem: Problem) -> None:
        """Something to know that is about no report."""
        self._show("notice", problem.title, [problem.detail])

    def _show(self, form: str, title: str, paragraphs: list[str], *, has_retry: bool = False) -> None:
        body = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
        self.form = form
        self.sign.shape = form
        self.sign.update()
        self.title.setText(title)
        self.body.setText(body)
        self.again.setVisible(has_retry)
        self.close_button.setAccessibleDescription(f"{title}\n{body}")
        self.close_button.setFocus()


def _next_step(desk: DeskInfo | None) -> str:
    if desk and desk.first_answer_s is not None:
        time = phrases.duration(desk.first_answer_s)
        if len(desk.on_duty) == 1:
            return _("{name} will pick it up, usually within {time}.").format(name=desk.on_duty[0], time=time)
        if len(desk.on_duty) == 2:
            return _("{first} or {second} will pick it up, usually within {time}.").format(
                first=desk.on_duty[0], second=desk.on_duty[1], time=time
            )
        return _("IT will pick it up, usually within {time}.").format(time=time)
    return _("IT will look at it. You can go on with your day.")


def _sentences(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _call(desk: DeskInfo | None) -> str:
    return _("Can’t wait? Call {phone}.").format(phone=desk.phone) if desk and desk.phone else ""
