"""Changes of tickets: each one is a transaction with a number, notes what happened, and wakes who waits for it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, update

from server_stub.life import EventKind
from server_stub.store import postgres
from server_stub.store.clock import Clock
from server_stub.store.database import Database
from server_stub.store.tables import counters, events, tickets

Ring = Callable[[str], None]
CHANGED = "changed"
# One statement, whose lock on the row is held until the commit: who sees a number sees all that is below it.
_NEXT = (
    update(counters)
    .where(counters.c.name == bindparam("counter"))
    .values(value=counters.c.value + 1)
    .returning(counters.c.value)
)
_ADD_EVENT = insert(events)
_TOUCH = update(tickets).where(tickets.c.id == bindparam("of_ticket")).values(changed=bindparam("change"))


@dataclass(frozen=True, slots=True)
class By:
    """Who did something: an agent, the requester, or nobody, when it happened by itself."""

    agent_id: int | None = None
    is_requester: bool = False


REQUESTER = By(is_requester=True)
NOBODY = By()


@dataclass(frozen=True, slots=True)
class Entry:
    """One transaction that changes tickets. All its times are `now`."""

    database: Database
    connection: Connection
    now: datetime
    changes: dict[str, int] = field(default_factory=dict)

    def lock(self, name: str) -> None:
        """Hold the lock of that name to the end of this entry."""
        self.database.lock(self.connection, name)

    def begin(self, device_id: str) -> int:
        """The number of the next change; it is of a ticket of `device_id`, who is told after the commit."""
        number = counted(self.connection, CHANGED)
        self.changes[device_id] = number
        return number

    def touch(self, ticket_id: str, device_id: str) -> int:
        """Begin a change of that ticket that changes nothing else in its row."""
        number = self.begin(device_id)
        self.connection.execute(_TOUCH, {"of_ticket": ticket_id, "change": number})
        return number

    def note(self, ticket_id: str, change: int, kind: EventKind, by: By, text: str = "") -> None:
        """Note an event. Filing has the ticket's own id, since it happens once."""
        event = {
            "id": ticket_id if kind is EventKind.FILED else str(uuid.uuid4()),
            "ticket_id": ticket_id,
            "change": change,
            "at": self.now,
            "kind": kind.value,
            "agent_id": by.agent_id,
            "is_requester": by.is_requester,
            "text": text,
        }
        self.connection.execute(_ADD_EVENT, event)


class Journal:
    """Opens entries. `ring` is told each device whose ticket has changed, in this process; PostgreSQL tells others."""

    def __init__(self, database: Database, clock: Clock, ring: Ring) -> None:
        self._database = database
        self._clock = clock
        self._ring = ring

    @contextmanager
    def entry(self, *locks: str) -> Iterator[Entry]:
        """A transaction, durable when the block ends. Nobody else's holds one of these locks meanwhile."""
        with self._database.write() as connection:
            entry = Entry(self._database, connection, self._clock())
            for name in locks:
                entry.lock(name)
            yield entry
            if not self._database.is_sqlite:
                for device_id, change in entry.changes.items():
                    postgres.notify(connection, change, device_id)
        for device_id in entry.changes:
            self._ring(device_id)


def counted(connection: Connection, counter: str) -> int:
    """The next number of that counter. Without gaps: the row is locked until the commit."""
    number: int = connection.execute(_NEXT, {"counter": counter}).scalar_one()
    return number
