"""A SQLite file that may be deleted, cut or scrambled at any time: then it is made anew, empty."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from client.core.durable import make_private_dir

if TYPE_CHECKING:
    from sqlite3 import Connection

T = TypeVar("T")
_PATIENCE_S = 5.0  # for another process that writes
_DAMAGED = frozenset((1, 11, 17, 26))  # SQLITE_ERROR (no such table), CORRUPT, SCHEMA, NOTADB
_MEMORY = ":memory:"


class Store:
    """Tables of one `form`, a number that changes with them. Safe from any thread, and beside other processes.

    SQLite is loaded at the first use: an idle program has none of it.
    """

    def __init__(self, path: Path, tables: str, *, form: int) -> None:
        self._path = path
        self._tables = tables
        self._form = form
        self._lock = threading.Lock()
        self._database: Connection | None = None
        self._file: os.stat_result | None = None

    def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` gives, in one transaction. Where it finds what nobody wrote, once more in an empty file.

        `work` raises ValueError or OverflowError where a row makes no sense. Raises OSError where the disk is in the
        way, or another process holds the file too long.
        """
        import sqlite3

        with self._lock:
            try:
                return self._transact(work)
            except (ValueError, OverflowError):
                self._make_anew()
            except sqlite3.DatabaseError as error:
                if getattr(error, "sqlite_errorcode", 11) & 0xFF not in _DAMAGED:
                    raise OSError(str(error)) from error
                self._make_anew()
            try:
                return self._transact(work)
            except sqlite3.DatabaseError as error:
                raise OSError(str(error)) from error

    def close(self) -> None:
        with self._lock:
            self._close()

    def _transact(self, work: Callable[[Connection], T]) -> T:
        if self._database is not None and self._is_gone():
            self._close()
        if self._database is None:
            self._database = self._open()
        with self._database:
            self._database.execute("begin immediate")
            return work(self._database)

    def _open(self) -> Connection:
        import sqlite3

        try:
            make_private_dir(self._path.parent)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600))
            where = str(self._path)
        except OSError:  # nothing can be kept here: it lasts as long as the program
            where = _MEMORY
        database = sqlite3.connect(where, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False)
        try:
            database.execute("pragma synchronous = normal")
            if database.execute("pragma user_version").fetchone()[0] != self._form:
                self._make_tables(database)
        except BaseException:
            database.close()
            raise
        self._file = None if where == _MEMORY else self._path.stat()
        return database

    def _make_tables(self, database: Connection) -> None:
        """Empty tables of this form, whatever was there; together or not at all."""
        database.execute("begin immediate")
        if database.execute("pragma user_version").fetchone()[0] != self._form:  # another process was not faster
            for (name,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
                database.execute(f'drop table "{name}"')
            for statement in filter(str.strip, self._tables.split(";")):
                database.execute(statement)
            database.execute(f"pragma user_version = {self._form}")
        database.execute("commit")

    def _is_gone(self) -> bool:
        """Whether somebody deleted the file, or put another in its place."""
        if self._file is None:
            return False
        try:
            return not os.path.samestat(self._file, self._path.stat())
        except OSError:
            return True

    def _make_anew(self) -> None:
        self._close()
        for path in (self._path, self._path.with_name(f"{self._path.name}-journal")):
            with suppress(OSError):
                path.unlink()

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
