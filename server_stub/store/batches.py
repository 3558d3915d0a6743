"""Commits that are shared: who writes while another commits is committed together with all others who did."""

from __future__ import annotations

import copy
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

_ONE = "one"


class _Batch:
    """One transaction of several writers, each behind a savepoint."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        try:
            self._transaction = connection.begin()
        except Exception:
            connection.close()
            raise
        self._is_over = threading.Event()
        self._error: BaseException | None = None

    def begin_one(self) -> None:
        """The next writer."""
        self._execute(f"SAVEPOINT {_ONE}")

    def end_one(self) -> None:
        """What that writer did belongs to the transaction now."""
        self._execute(f"RELEASE {_ONE}")

    def undo_one(self) -> bool:
        """What that writer did is undone; False where SQLite has undone all, as it does when the disk is full."""
        if not self._raw.in_transaction:
            return False
        self._execute(f"ROLLBACK TO {_ONE}")
        self._execute(f"RELEASE {_ONE}")
        return True

    def commit(self) -> None:
        """It is durable, or nobody's part of it is."""
        try:
            self._transaction.commit()
        except Exception as error:
            self.fail(error)
        else:
            self._end()

    def fail(self, error: BaseException) -> None:
        """It is undone, for this reason."""
        self._error = error
        try:
            self._transaction.rollback()
        finally:
            self._end()

    def wait(self) -> None:
        """Until it is over. Raises what it failed with."""
        self._is_over.wait()
        if self._error is not None:
            raise copy.copy(self._error)  # each thread one of its own: raising changes it

    def _end(self) -> None:
        try:
            self.connection.close()
        finally:
            self._is_over.set()

    def _execute(self, statement: str) -> None:
        # Past SQLAlchemy, which would take ten times as long for it.
        self._raw.execute(statement).close()

    @property
    def _raw(self) -> sqlite3.Connection:
        driven: sqlite3.Connection = self.connection.connection.driver_connection  # type: ignore[assignment]
        return driven


class Batches:
    """SQLite has one writer at a time. Waiting for one's turn here is fair and costs nothing; waiting in SQLite polls.

    A commit is two waits for the disk. Those whose turn came before everybody's had waited for one share the next.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._turn = threading.Lock()
        self._line: deque[None] = deque()
        self._batch: _Batch | None = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Durable when the block ends; when it raises, what it did is undone, and only that."""
        self._line.append(None)
        with self._turn:
            self._line.popleft()
            batch = self._batch = self._batch or _Batch(self._connect())
            try:
                batch.begin_one()
                yield batch.connection
                batch.end_one()
            except BaseException as error:
                if not batch.undo_one():
                    self._batch = None
                    batch.fail(error)
                raise
            finally:
                # The last in line commits for all. Who comes meanwhile waits for the turn, and begins the next batch.
                if self._batch is batch and not self._line:
                    self._batch = None
                    batch.commit()
        batch.wait()
