"""A real PostgreSQL in a folder of its own, reached by a socket in it, that can be killed and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import psycopg
from psycopg import sql

from tests.rigs.processes import Processes
from tests.rigs.waiting import wait_until

OWNER = "deskbell"
# Debian keeps the server's programs out of the path; this one, which is on it, comes with them.
PROGRAM = "pg_ctlcluster"


def programs() -> Path | None:
    """The folder of the newest PostgreSQL of Debian's packages, None where there is none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda path: float(path.parent.name), default=None)


class Postgres:
    """`with Postgres(logs) as postgres:` – durable as it is by default: nothing about fsync is changed.

    It refuses to run as root, so it runs as nobody where the tests are root. Start it from the main thread.
    """

    def __init__(self, logs: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="deskbell-postgres-"))
        self._processes = Processes(logs, as_nobody=True)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """What goes into DESKBELL_DATABASE_URL."""
        return f"postgresql://{OWNER}@/{database}?host={self.folder}"

    def set_up(self) -> None:
        """Make the cluster."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody", "nogroup")
        how = ("--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
        making = self._start("initdb", "-D", self._data, "-U", OWNER, *how)
        assert making.wait(60) == 0, self.log()

    def start(self) -> None:
        """Run, and return when it answers."""
        places = ("-k", self.folder, "-c", "listen_addresses=")
        self._process = self._start("postgres", "-D", self._data, *places, "-c", "max_connections=200")
        wait_until(self._answers, "PostgreSQL to answer", 60)

    def stop(self) -> None:
        """End it properly: connections are cut, what they had not committed is undone."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End it as `pg_ctl stop -m immediate` does: without a checkpoint, so that the next start recovers."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """End all its processes with SIGKILL. Each of them has a group of its own."""
        family = self._family()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._gone(family)

    def create(self, database: str, template: str = "template1") -> str:
        """A new database, a copy of another one that nobody is connected to; its address."""
        names = (sql.Identifier(database), sql.Identifier(template))
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        return self.url(database)

    def drop(self, database: str) -> None:
        """Away with a database that nobody uses. Raises ObjectInUse."""
        self._execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(database)))

    def rows(self, database: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What a database answers."""
        with psycopg.connect(self.url(database)) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def log(self) -> str:
        """What it said."""
        logs = [self._processes.log(name) for name in ("initdb", "postgres")]
        return "".join(log.read_text() for log in logs if log.exists())

    def close(self) -> None:
        """End it, and remove everything."""
        if self._process is not None:
            self.stop()
        self._processes.close()
        shutil.rmtree(self.folder)

    def __enter__(self) -> Self:
        try:
            self.set_up()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _start(self, program: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
        folder = programs()
        assert folder is not None, "no PostgreSQL (installer/linux/need-packages faults)"
        # Nobody may not be let into the folder that the tests run in.
        command: Sequence[str | Path] = ["env", "-C", self.folder, folder / program, *arguments]
        return self._processes.start(program, command, {"PATH": os.environ["PATH"], "LC_ALL": "C"})

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        with contextlib.suppress(psycopg.OperationalError):
            self._execute(sql.SQL("SELECT 1"))
            return True
        return False

    def _execute(self, statement: sql.Composable) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _end(self, number: int) -> None:
        assert self._process is not None
        family = self._family()
        self._process.send_signal(number)
        self._gone(family)

    def _family(self) -> list[psutil.Process]:
        assert self._process is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            postmaster = psutil.Process(self._process.pid)
            return [postmaster, *postmaster.children(recursive=True)]
        return []

    def _gone(self, family: Sequence[psutil.Process]) -> None:
        assert self._process is not None
        self._process.wait(60)
        _, left = psutil.wait_procs(family, timeout=60)
        assert not left, left
        self._process = None
