"""One database: connections, transactions, and what its errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from server_stub.store import postgres
from server_stub.store.batches import Batches
from server_stub.store.changes import count_on

_BUSY_MS = 10_000
_SQLITE: Mapping[str, Any] = {"connect_args": {"timeout": _BUSY_MS / 1000}}
_DISK_FULL = "53100"


class Database:
    """Transactions on the database at `url`. Safe to use from many threads, and by several processes at once."""

    def __init__(self, url: str | URL, connections: int = 16) -> None:
        self.is_sqlite = str(url).startswith("sqlite")
        options = _SQLITE if self.is_sqlite else postgres.options()
        # hide_parameters: no text of a report may reach a log by way of an exception.
        self._engine = create_engine(url, hide_parameters=True, pool_size=connections, max_overflow=0, **options)
        count_on(self._engine)
        self._reading: Engine = self._engine
        self._writing: Engine = self._engine
        if self.is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
            self._writing = self._engine.execution_options(deskbell_writes=True)
            self._batches = Batches(self._writing.connect)
        else:
            self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @property
    def engine(self) -> Engine:
        """The engine, for migrations."""
        return self._engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and changes nothing."""
        with self._reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends, and undone when it raises."""
        with self._batches.write() if self.is_sqlite else self._writing.begin() as connection:
            yield connection

    def lock(self, connection: Connection, name: str) -> None:
        """Wait until no other `write` holds the lock of that name, and hold it to the end of this one.

        What is counted before something is added needs one. SQLite has one writer, so there it costs nothing.
        """
        if not self.is_sqlite:
            postgres.lock(connection, name)

    def close(self) -> None:
        """Give all connections back; the last one folds the write-ahead log into the database."""
        self._engine.dispose()


def is_full(error: DBAPIError) -> bool:
    """Whether the database could not write because no space was left."""
    origin = error.orig
    if isinstance(origin, sqlite3.Error):
        return getattr(origin, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return getattr(origin, "sqlstate", None) == _DISK_FULL


def is_lost(error: DBAPIError) -> bool:
    """Whether the database went away; what was under way may have been done or not."""
    return error.connection_invalidated or isinstance(error, OperationalError)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver must not begin transactions by itself: _begin_sqlite does, so that writers queue up at the start.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("deskbell_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
