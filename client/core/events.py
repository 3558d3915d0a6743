"""What the core tells whoever shows it. Events are plain data and arrive on a lane's thread.

Of what is saved and sent, `report_id` names the entry: a report, or an operation by the id of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from client.core.errors import Problem
from client.core.models import Comment, DeskInfo, Fact, Incident, Receipt, Ticket


@dataclass(frozen=True, slots=True)
class PictureReady:
    """A picture of the draft is encoded and on disk; Send need not wait for it."""

    report_id: str
    picture_id: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PictureFailed:
    """A picture could not be encoded or kept; the report goes on without it."""

    report_id: str
    picture_id: int


@dataclass(frozen=True, slots=True)
class FactsFound:
    """All facts that this machine gave in time."""

    report_id: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Saved:
    """The entry is durable on this machine: it will be delivered, or stay visible."""

    report_id: str


@dataclass(frozen=True, slots=True)
class NotSaved:
    """The entry is not durable. What the user wrote is as it was; Send may be pressed again."""

    report_id: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Accepted:
    """The desk has made a ticket, or noted an operation; attachments are on their way."""

    report_id: str
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Delivered:
    """The desk has the whole entry, and the receipt is on disk."""

    report_id: str
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Waiting:
    """A saved entry cannot be sent right now and is tried again by itself."""

    report_id: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class NeedsAttention:
    """A saved entry goes no further before a person acts."""

    report_id: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class DeskChanged:
    """The desk says something new about itself."""

    desk: DeskInfo


@dataclass(frozen=True, slots=True)
class TicketsChanged:
    """These tickets are other than before, by whomsoever: whoever shows them looks again."""

    ticket_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EnclosureReady:
    """An attachment of a ticket lies at `path`, whole; it may be deleted from there at any time."""

    ticket_id: str
    sha256: str
    path: Path


@dataclass(frozen=True, slots=True)
class EnclosureMissing:
    """An attachment of a ticket could not be fetched now."""

    ticket_id: str
    sha256: str
    problem: Problem


class NoticeKind(StrEnum):
    """Why the user is told, the most urgent first."""

    WAITING_FOR_YOU = "waiting_for_you"
    SOLVED = "solved"
    ANSWERED = "answered"
    PICKED_UP = "picked_up"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class Notice:
    """Others did something that the user should hear of: all that is new on one ticket, or an outage.

    `keys` name what happened. Whoever has shown the notice says so with `Engine.told`; then it never comes again.
    """

    kind: NoticeKind
    keys: tuple[tuple[str, datetime], ...]
    ticket: Ticket | None = None
    comment: Comment | None = None  # the last new one
    incident: Incident | None = None


class Mood(StrEnum):
    """The one state that the icon carries, the most urgent first."""

    ATTENTION = "attention"
    WAITING = "waiting"  # something is not sent yet
    SENDING = "sending"
    NORMAL = "normal"


@dataclass(frozen=True, slots=True)
class OutboxChanged:
    """How many entries wait or need attention, and what holds them (None: nothing does)."""

    waiting: int
    attention: int
    is_sending: bool
    hold: Problem | None = None

    @property
    def mood(self) -> Mood:
        if self.attention:
            return Mood.ATTENTION
        if self.is_sending:
            return Mood.SENDING
        return Mood.WAITING if self.waiting else Mood.NORMAL


Event = (
    PictureReady
    | PictureFailed
    | FactsFound
    | Saved
    | NotSaved
    | Accepted
    | Delivered
    | Waiting
    | NeedsAttention
    | DeskChanged
    | TicketsChanged
    | EnclosureReady
    | EnclosureMissing
    | Notice
    | OutboxChanged
)
Listener = Callable[[Event], None]
