"""What the user sees of tickets: the desk's, as cached, and what waits in the outbox, in one list."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from client.core.entry import Damaged
from client.core.errors import Problem
from client.core.models import Content, Operation, OperationKind, Receipt, Report, Status, Ticket
from client.core.spool import Spool
from client.core.tickets.cache import HEADLINE, Cache, Row
from client.core.tickets.states import STATE_OF, STATUS_OF, State

PAGE = 50


class Sending(StrEnum):
    """How far something that the user did has come."""

    WAITING = "waiting"  # not sent yet, it is sent by itself
    ATTENTION = "attention"  # a person must act
    SENT = "sent"  # the desk has it; it is not among what the desk told yet


@dataclass(frozen=True, slots=True)
class Queued:
    """A report or operation on its way. `content` is None where what lies in the spool cannot be understood."""

    id: str
    sending: Sending
    content: Content | None = None
    problem: Problem | None = None

    @property
    def ticket_id(self) -> str:
        return self.content.report_id if self.content else self.id


@dataclass(frozen=True, slots=True)
class Line:
    """One ticket in the list. Without a `number`: a report that has not become one yet."""

    id: str
    number: int | None
    state: State
    headline: str
    agent: str | None
    changed_at: datetime | None  # by the desk's clock; of a report that is not sent yet by this PC's
    is_unread: bool
    queued: tuple[Queued, ...] = ()

    @property
    def needs_attention(self) -> bool:
        return any(each.sending is Sending.ATTENTION for each in self.queued)


@dataclass(frozen=True, slots=True)
class Conversation:
    """One ticket whole, and what of it is on its way, the oldest first. `ticket` is None before the desk told of it."""

    id: str
    ticket: Ticket | None
    queued: tuple[Queued, ...] = ()

    @property
    def state(self) -> State:
        return STATE_OF[self.ticket.status] if self.ticket else State.NOT_SENT


class Tickets:
    """Reads cache and spool, a few milliseconds each time. Safe from any thread. What the disk refuses is left out."""

    def __init__(self, spool: Spool, cache: Cache) -> None:
        self._spool = spool
        self._cache = cache
        self._lock = threading.Lock()
        self._read: dict[str, Content | None] = {}  # what lies in the spool never changes
        self._sent: dict[str, Operation] = {}  # comments that the desk has, until it tells of them

    def page(
        self, search: str = "", states: Collection[State] = (), *, start: int = 0, limit: int = PAGE
    ) -> tuple[Line, ...]:
        """Lines from `start` on: first what is not sent yet, then tickets, the newest change first.

        `search`: words that all occur in a ticket, in any case; `states`: only these, none for all.
        """
        words = search.casefold().split()
        queued = self._by_ticket()
        unsent = [
            line
            for line in self._unsent(queued)
            if (not states or line.state in states) and all(word in line.headline.casefold() for word in words)
        ]
        lines = unsent[start : start + limit]
        rows: list[Row] = []
        statuses = {STATUS_OF[state] for state in states if state in STATUS_OF}
        if len(lines) < limit and (statuses or not states):
            with suppress(OSError):
                rows = self._cache.page(words, statuses, max(0, start - len(unsent)), limit - len(lines))
        return (*lines, *(_line(row, queued.get(row.id, ())) for row in rows))

    def conversation(self, ticket_id: str) -> Conversation | None:
        """A ticket, or a report that is to become one; None where there is neither."""
        ticket: Ticket | None = None
        with suppress(OSError):
            ticket = self._cache.ticket(ticket_id)
        queued = self._by_ticket().get(ticket_id, [])
        with self._lock:
            for comment in ticket.comments if ticket else ():
                self._sent.pop(comment.id, None)
            sent = [each for each in self._sent.values() if each.report_id == ticket_id]
        ahead = tuple(Queued(each.id, Sending.SENT, each) for each in sent)
        return Conversation(ticket_id, ticket, (*ahead, *queued)) if ticket or queued else None

    def id_of(self, number: int) -> str | None:
        """The ticket with this number, by the cache or by the receipts of what was sent from here."""
        found: str | None = None
        with suppress(OSError):
            found = self._cache.id_of(number)
        return found or self._spool.sent_as(number)

    def counts(self) -> dict[State, int]:
        """How many tickets the desk told of stand how."""
        with suppress(OSError):
            return {STATE_OF[status]: count for status, count in self._cache.counts().items()}
        return {}

    def unread(self) -> int:
        """How many tickets have something that the user has not seen."""
        with suppress(OSError):
            return self._cache.unread()
        return 0

    def mark_read(self, ticket_id: str) -> bool:
        """The user has seen a ticket as it is; False where there was nothing new."""
        with suppress(OSError):
            return self._cache.mark_read(ticket_id)
        return False

    def note_delivered(self, entry_id: str, receipt: Receipt) -> None:
        """Show what the desk has before it tells of it."""
        content: Content | None = None
        with suppress(Damaged, OSError):
            content = self._spool.content(entry_id)
        if isinstance(content, Operation) and content.kind is OperationKind.COMMENT:
            with self._lock:
                self._sent[entry_id] = content
        elif isinstance(content, Report):
            with suppress(OSError):
                self._cache.add(_fresh(content, receipt))

    def _by_ticket(self) -> dict[str, list[Queued]]:
        """What is on its way, by ticket, the oldest first."""
        found: dict[str, list[Queued]] = {}
        for each in self._queued():
            found.setdefault(each.ticket_id, []).append(each)
        return found

    def _queued(self) -> list[Queued]:
        waiting: Sequence[str] = ()
        parked: Sequence[str] = ()
        with suppress(OSError):
            parked = self._spool.needing_attention()
            waiting = self._spool.waiting()
        with self._lock:
            contents = self._read = {each: self._content(each) for each in dict.fromkeys((*parked, *waiting))}
        problems = {each: self._spool.problem(each) for each in parked}
        return [
            Queued(each, Sending.ATTENTION if each in problems else Sending.WAITING, content, problems.get(each))
            for each, content in contents.items()
        ]

    def _content(self, entry_id: str) -> Content | None:
        if self._read.get(entry_id) is None:
            with suppress(Damaged, OSError):
                return self._spool.content(entry_id)
        return self._read.get(entry_id)

    def _unsent(self, queued: dict[str, list[Queued]]) -> list[Line]:
        """What is on its way and is of no ticket in the cache, the newest first."""
        known: set[str] = set()
        with suppress(OSError):
            known = self._cache.known(queued)
        return [self._unsent_line(each, queued[each]) for each in reversed(queued) if each not in known]

    def _unsent_line(self, ticket_id: str, queued: Sequence[Queued]) -> Line:
        """Of a report that is not sent yet; or of a ticket that the cache has lost, as the spool remembers it."""
        content, receipt = self._content(ticket_id), self._spool.sent_receipt(ticket_id)
        return Line(
            id=ticket_id,
            number=receipt.ticket_number if receipt else None,
            state=State.WITH_IT if receipt else State.NOT_SENT,
            headline=" ".join(content.text.split())[:HEADLINE] if content else "",
            agent=None,
            changed_at=content.created_at if content else None,
            is_unread=False,
            queued=tuple(queued),
        )


def _line(row: Row, queued: Sequence[Queued]) -> Line:
    state = STATE_OF[row.status]
    return Line(row.id, row.number, state, row.headline, row.agent, row.changed_at, row.is_unread, tuple(queued))


def _fresh(report: Report, receipt: Receipt) -> Ticket:
    """A ticket that has just been made, as far as this PC knows it."""
    return Ticket(
        id=report.report_id,
        number=receipt.ticket_number,
        status=Status.NEW,
        text=report.text,
        category=report.category,
        blocking=report.blocking,
        created_at=report.created_at,
        updated_at=report.created_at,
    )
