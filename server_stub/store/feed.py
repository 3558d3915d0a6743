"""What changed of a device's tickets since it asked last, in the order of commits."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, update

from server_stub.store.database import Database
from server_stub.store.journal import CHANGED
from server_stub.store.own import PAGE, OwnTicket, OwnTickets
from server_stub.store.tables import counters, tickets

_CURSOR = re.compile(r"([0-9a-f]{1,8})-([0-9a-f]{1,8})")
_COUNTERS = select(counters.c.name, counters.c.value).where(counters.c.name.in_([CHANGED, "origin"]))
_TOUCHED = select(tickets.c.device_id).where(tickets.c.changed > bindparam("since")).distinct()
_COUNT = select(counters.c.value).where(counters.c.name == CHANGED)


@dataclass(frozen=True, slots=True)
class News:
    """A page of the feed. `is_reset`: it begins from the beginning, so that what is not in it is no more."""

    tickets: tuple[OwnTicket, ...]
    has_more: bool
    is_reset: bool
    origin: int
    change: int

    @property
    def cursor(self) -> str:
        """Where the next page begins; for the client a text without a meaning."""
        return f"{self.origin:x}-{self.change:x}"

    def first(self, count: int) -> News:
        """Only the first tickets of it."""
        if count >= len(self.tickets):
            return self
        shown = self.tickets[:count]
        return News(shown, True, self.is_reset, self.origin, shown[-1].changed)


class Feed:
    """The changes in the database. A cursor holds the number of a change, and which database counted it.

    Numbers are given under a lock that is held until the commit (see `journal`): whoever sees one in the database sees
    every change below it, so that nothing can slip in behind a cursor.
    """

    def __init__(self, database: Database, own: OwnTickets) -> None:
        self._database = database
        self._own = own

    def news(self, device_id: str, cursor: str) -> News:
        """What changed of this device's tickets after `cursor`; everything, where that is not known here."""
        with self._database.read() as connection:
            counted = {row.name: row.value for row in connection.execute(_COUNTERS)}
            since = _since(cursor, counted["origin"], counted[CHANGED])
            found = self._own.since(connection, device_id, since or 0)
        last = found[-1].changed if found else since or 0
        return News(tuple(found), len(found) == PAGE, since is None, counted["origin"], last)

    def touched(self, since: int) -> tuple[int, list[str]]:
        """How many changes there were by now, and the devices of whose tickets some were after that one."""
        with self._database.read() as connection:
            count = _counted(connection)
            return count, list(connection.execute(_TOUCHED, {"since": since}).scalars()) if count != since else []

    def count(self) -> int:
        """How many changes there were by now."""
        with self._database.read() as connection:
            return _counted(connection)


def forget_cursors(database: Database) -> None:
    """Let every client begin anew: the database may be a backup, in which numbers mean something else."""
    renewed = update(counters).where(counters.c.name == "origin").values(value=secrets.randbelow(2**31))
    with database.write() as connection:
        connection.execute(renewed)


def _counted(connection: Connection) -> int:
    count: int = connection.execute(_COUNT).scalar_one()
    return count


def _since(cursor: str, origin: int, count: int) -> int | None:
    """The change that a cursor names; None for another database's, and for one that is yet to come (a backup's)."""
    match = _CURSOR.fullmatch(cursor)
    if match is None or int(match[1], 16) != origin:
        return None
    change = int(match[2], 16)
    return change if change <= count else None
