"""Closes solved tickets whose requesters said nothing for as long as the desk waits."""

from __future__ import annotations

from sqlalchemy import select

from server_stub.life import Act, Status
from server_stub.store.clock import Clock
from server_stub.store.database import Database
from server_stub.store.journal import NOBODY, Journal
from server_stub.store.moves import Moves, lock_name, look
from server_stub.store.tables import tickets

_AT_ONCE = 100


class Silence:
    """Each ticket is closed once, however many processes look at the same moment: the lock is held for the look."""

    def __init__(self, database: Database, journal: Journal, moves: Moves, clock: Clock) -> None:
        self._database = database
        self._journal = journal
        self._moves = moves
        self._clock = clock

    def close_due(self) -> int:
        """Close those whose time has passed; how many there were."""
        closed = 0
        while due := self._due():
            closed += sum(self._close(ticket_id) for ticket_id in due)
        return closed

    def _due(self) -> list[str]:
        query = (
            select(tickets.c.id)
            .where(
                tickets.c.closes_at <= self._clock(),
                tickets.c.status == Status.SOLVED.value,
                tickets.c.deleted_at.is_(None),
            )
            .order_by(tickets.c.closes_at)
            .limit(_AT_ONCE)
        )
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def _close(self, ticket_id: str) -> bool:
        with self._journal.entry(lock_name(ticket_id)) as entry:
            ticket = look(entry, ticket_id)
            is_due = ticket.status is Status.SOLVED and ticket.closes_at is not None and ticket.closes_at <= entry.now
            if is_due:
                self._moves.move(entry, ticket, Act.EXPIRE, NOBODY)
        return is_due
