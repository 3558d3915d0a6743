"""How a ticket stands, in the words of an employee."""

from __future__ import annotations

from enum import StrEnum

from client.core.models import Status
from client.core.words import _


class State(StrEnum):
    NOT_SENT = "not_sent"
    WITH_IT = "with_it"
    IN_PROGRESS = "in_progress"
    WAITING_FOR_YOU = "waiting_for_you"
    SOLVED = "solved"
    CLOSED = "closed"

    @property
    def words(self) -> str:
        return {
            State.NOT_SENT: _("Not sent yet"),
            State.WITH_IT: _("With IT"),
            State.IN_PROGRESS: _("In progress"),
            State.WAITING_FOR_YOU: _("Waiting for you"),
            State.SOLVED: _("Solved"),
            State.CLOSED: _("Closed"),
        }[self]


STATE_OF = {
    Status.NEW: State.WITH_IT,
    Status.OPEN: State.IN_PROGRESS,
    Status.PENDING: State.WAITING_FOR_YOU,
    Status.SOLVED: State.SOLVED,
    Status.CLOSED: State.CLOSED,
}
STATUS_OF = {state: status for status, state in STATE_OF.items()}
