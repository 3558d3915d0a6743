"""One database: connections, transactions, and what its errors mean."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

_BUSY_MS = 10_000
_DISK_FULL = "53100"


class Database:
    """Transactions on the database at `url`. Safe to use from many threads, and by several processes at once."""

    def __init__(self, url: str, connections: int = 16) -> None:
        # hide_parameters: no text of a report may reach a log by way of an exception.
        self._engine = create_engine(url, hide_parameters=True, **_pool(url, connections))
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        # SQLite has one writer. Waiting here is fair and costs nothing; waiting in SQLite polls.
        self._one_writer = threading.Lock() if self._is_sqlite else nullcontext()
        if self._is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        self._writing = self._engine.execution_options(deskbell_writes=True)

    @property
    def engine(self) -> Engine:
        """The engine, for migrations."""
        return self._engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and changes nothing."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends, and undone when it raises."""
        with self._one_writer, self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give all connections back; the last one folds the write-ahead log into the database."""
        self._engine.dispose()


def is_full(error: DBAPIError) -> bool:
    """Whether the database could not write because no space was left."""
    origin = error.orig
    if isinstance(origin, sqlite3.Error):
        return getattr(origin, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return getattr(origin, "sqlstate", None) == _DISK_FULL


def _pool(url: str, connections: int) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"pool_size": connections, "max_overflow": 0, "connect_args": {"timeout": _BUSY_MS / 1000}}
    return {"pool_size": connections, "max_overflow": 0, "pool_pre_ping": True}


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver must not begin transactions by itself: _begin_sqlite does, so that writers queue up at the start.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("deskbell_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
