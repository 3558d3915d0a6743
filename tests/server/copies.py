"""A database of PostgreSQL for each test, copied from one that is prepared."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tests.rigs.postgres import Postgres

_ORIGINAL = "original"


class Copies:
    """`original` is the address of an empty database; what is made there is in each that `another` gives."""

    def __init__(self, logs: Path) -> None:
        self.postgres = Postgres(logs)
        self._numbers = itertools.count()
        self._used: list[str] = []
        self.original = self.postgres.url(_ORIGINAL)

    def another(self) -> str:
        """The address of a new copy. Earlier ones that nobody is connected to any more are dropped."""
        for name in self._used.copy():
            with contextlib.suppress(psycopg.errors.ObjectInUse):
                self.postgres.drop(name)
                self._used.remove(name)
        name = f"copy{next(self._numbers)}"
        self._used.append(name)
        return self.postgres.create(name, _ORIGINAL)

    def __enter__(self) -> Self:
        self.postgres.__enter__()
        self.postgres.create(_ORIGINAL)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.postgres.close()
