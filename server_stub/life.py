"""The life of a ticket as a table: what each act does to each status. Nothing here knows of a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Where a ticket is. Pending waits for the requester."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    SOLVED = "solved"
    CLOSED = "closed"


class Act(StrEnum):
    """What may be done to a ticket: by its requester, by an agent, and, last, by time."""

    COMMENT = "comment"
    THANK = "thank"
    WORKS = "works"
    STILL_BROKEN = "still_broken"
    WITHDRAW = "withdraw"
    RATE = "rate"
    TAKE = "take"
    ASSIGN = "assign"
    REPLY = "reply"
    ASK = "ask"
    NOTE = "note"
    SOLVE = "solve"
    REOPEN = "reopen"
    EXPIRE = "expire"


class EventKind(StrEnum):
    """What may have happened to a ticket."""

    FILED = "filed"
    TAKEN = "taken"
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    ASKED = "asked"
    SOLVED = "solved"
    REOPENED = "reopened"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    RATED = "rated"
    MERGED = "merged"
    CONTINUED = "continued"


@dataclass(frozen=True, slots=True)
class Step:
    """What an act leads to: the status after it, and what is noted, if anything.

    `continues`: the ticket has been closed for too long, and another one goes on in its place.
    """

    status: Status
    event: EventKind | None = None
    continues: bool = False


N, O, P, S, C = Status  # noqa: E741
_ALL = tuple(Status)
_Row = Mapping[Status, Step]


def _row(event: EventKind | None, after: str) -> _Row:
    """The same event whatever the status was; `after` has a letter for each status, in their order."""
    letters = dict(zip("NOPSC", _ALL, strict=True))
    return {before: Step(letters[letter], event) for before, letter in zip(_ALL, after, strict=True)}


def _only(row: _Row, *befores: Status) -> _Row:
    """That row for these statuses; for the others the act comes too late and does nothing."""
    return {before: row[before] if before in befores else Step(before) for before in _ALL}


_TABLE: Mapping[Act, _Row] = {
    # An answer sets a ticket going again; that it does is an event where it had ended.
    Act.COMMENT: {N: Step(N), O: Step(O), P: Step(O), S: Step(O, EventKind.REOPENED), C: Step(O, EventKind.REOPENED)},
    Act.THANK: _row(None, "NOPSC"),
    # What a requester says is noted even where it no longer changes anything.
    Act.WORKS: _row(EventKind.CLOSED, "CCCCC"),
    Act.STILL_BROKEN: _row(EventKind.REOPENED, "NOOOO"),
    Act.WITHDRAW: _row(EventKind.WITHDRAWN, "CCCCC"),
    Act.RATE: _row(EventKind.RATED, "NOPSC"),
    Act.TAKE: _row(EventKind.TAKEN, "OOPSC"),
    Act.ASSIGN: _row(EventKind.ASSIGNED, "OOPSC"),
    Act.REPLY: _row(EventKind.ANSWERED, "OOPSC"),
    # Of these two the words are kept as a reply where the ticket was closed in the meantime.
    Act.ASK: {**_row(EventKind.ASKED, "PPPPP"), C: Step(C, EventKind.ANSWERED)},
    Act.SOLVE: {**_row(EventKind.SOLVED, "SSSSS"), C: Step(C, EventKind.ANSWERED)},
    Act.NOTE: _row(None, "NOPSC"),
    Act.REOPEN: _only(_row(EventKind.REOPENED, "OOOOO"), S, C),
    Act.EXPIRE: _only(_row(EventKind.CLOSED, "CCCCC"), S),
}
REOPENING = (Act.COMMENT, Act.STILL_BROKEN)
ENDED = (Status.SOLVED, Status.CLOSED)


def step(act: Act, before: Status, *, is_late: bool = False) -> Step:
    """What `act` does to a ticket. `is_late`: it was closed longer ago than the desk reopens tickets."""
    if is_late and before is Status.CLOSED and act in REOPENING:
        return Step(Status.CLOSED, EventKind.CONTINUED, continues=True)
    return _TABLE[act][before]
