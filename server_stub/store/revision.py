"""The number of changes so far: while it stays the same, what devices are told may come from memory."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Protocol

from server_stub.store.changes import COUNT, NAME
from server_stub.store.database import Database


class Revision(Protocol):
    """`now` is for the event loop, `ask` for work beside it."""

    def now(self) -> int | None:
        """The number, None where it has to be asked for. Waits for nothing."""

    def ask(self) -> int:
        """The number, from the database."""

    def close(self) -> None:
        """Give back what was needed to know it."""


class LocalRevision:
    """Reads it from SQLite each time, which takes a dozen microseconds: any process's change is seen at once."""

    def __init__(self, path: Path, database: Database) -> None:
        self._path = path
        self._database = database
        self._connection: sqlite3.Connection | None = None

    def now(self) -> int | None:
        """The number, None while the database is locked as a whole."""
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
            row = self._connection.execute("SELECT value FROM counters WHERE name = ?", (NAME,)).fetchone()
        except sqlite3.OperationalError:
            return None
        return int(row[0])

    def ask(self) -> int:
        """The number, by way of the database's own connections."""
        return _asked(self._database)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class DistantRevision:
    """Keeps it for a moment: asking the database is a trip over a network."""

    def __init__(self, database: Database, fresh_s: float) -> None:
        self._database = database
        self._fresh_s = fresh_s
        self._number = 0
        self._asked_s = float("-inf")

    def now(self) -> int | None:
        """The number, where it was asked for a moment ago."""
        return self._number if time.monotonic() - self._asked_s < self._fresh_s else None

    def ask(self) -> int:
        """The number, for the next moment as well."""
        asked_s = time.monotonic()
        number = _asked(self._database)
        self._number, self._asked_s = number, asked_s
        return number

    def close(self) -> None:
        """Nothing is held."""


def _asked(database: Database) -> int:
    with database.read() as connection:
        number: int = connection.execute(COUNT).scalar_one()
    return number
