"""A real server of ours on a free loopback port, with a site and an agent, that can be killed and started again."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.rigs.processes import Processes
from tests.rigs.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
LOGIN, PASSWORD = "anna", "correct horse battery"


class DeskServer:
    """`with DeskServer(folder) as server:` – `url`, `site_key`, and what the database holds."""

    def __init__(
        self,
        folder: Path,
        *,
        processes: Processes | None = None,
        python: str = sys.executable,
        env: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        self.data = folder / "server"
        self.url = ""
        self.site_key = ""
        self._port = 0
        self._processes = processes or Processes(folder)
        self._python = python
        self._arguments = arguments  # of `run`
        self._env = {**(os.environ if env is None else env), "PYTHONPATH": str(ROOT)}
        self._process: subprocess.Popen[bytes] | None = None

    def set_up(self, *, phone: str = "5500", agent: str = "Anna Kern") -> None:
        """Make the data folder, one site and one agent (LOGIN, PASSWORD)."""
        self._command("init")
        self.site_key = self._command("add-site", "Example Ltd", "--phone", phone).split()[-1]
        self._command("add-agent", LOGIN, "--name", agent, "--password-stdin", given=PASSWORD)

    def start(self) -> None:
        """Listen; on the same port as before, if there was one."""
        log = self._processes.log("server")
        before = log.stat().st_size if log.exists() else 0
        command = [self._python, "-m", "server_stub", "run", "--data", str(self.data), "--port", str(self._port)]
        self._process = self._processes.start("server", [*command, *self._arguments], self._env)

        def address() -> re.Match[str] | None:
            assert self._process is not None
            text = log.read_text()[before:]
            assert self._process.poll() is None, text
            return re.search(r"listening on (https?://\S+)", text)

        self.url = wait_until(address, "the server to listen", 30).group(1)
        self._port = int(self.url.rsplit(":", 1)[1])

    def stop(self) -> None:
        """End it properly."""
        if self._process is not None:
            self._processes.stop(self._process)
            self._process = None

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int | None:
        """Its process, None while it is down."""
        return self._process.pid if self._process else None

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database answers, read from outside."""
        with sqlite3.connect(f"file:{self.data / 'deskbell.sqlite3'}?mode=ro", uri=True) as database:
            found = database.execute(statement, values).fetchall()
        database.close()
        return found

    def log(self) -> str:
        return self._processes.log("server").read_text()

    def __enter__(self) -> Self:
        self.set_up()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._processes.close()

    def _command(self, *arguments: str, given: str = "") -> str:
        done = subprocess.run(
            [self._python, "-m", "server_stub", *arguments, "--data", str(self.data)],
            env=self._env,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
