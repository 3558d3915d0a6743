"""A server's data folder with two sites and some agents, made once, for campaigns that attack the server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from server_stub.settings import Settings
from server_stub.store.agents import Agents
from server_stub.store.clock import Clock, utc_now
from server_stub.store.database import Database
from server_stub.store.sites import Sites
from tests.rigs.processes import Processes
from tests.rigs.waiting import wait_until
from tests.server.rig import PASSWORD, QUICK, REPOSITORY, Server, command

LOGIN = "anna"
FORMER_LOGIN = "bert"


@dataclass(frozen=True, slots=True)
class Premises:
    """Where the server keeps everything, and the public keys of its two sites."""

    data: Path
    site_key: str
    other_site_key: str

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The server's database, opened from outside."""
        database = Database(Settings(self.data).database_url)
        try:
            yield database
        finally:
            database.close()


def premises(folder: Path, clock: Clock = utc_now) -> Premises:
    """Two sites, and the agents LOGIN and FORMER_LOGIN with PASSWORD, hashed at a price that tests can pay."""
    data = folder / "server"
    made = command("init", "--data", str(data))
    assert made.returncode == 0, made.stderr
    database = Database(Settings(data).database_url)
    sites = Sites(database, clock)
    keys = [sites.add(name, "5500").site_key for name in ("Example Ltd", "Elsewhere Ltd")]
    for login in (LOGIN, FORMER_LOGIN):
        Agents(database, clock).add(login, login.title(), QUICK.hash(PASSWORD))
    database.close()
    return Premises(data, *keys)


class RunningServer(Server):
    """A server in a process of its own, as it is deployed."""

    def __init__(self, place: Premises, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        super().__init__(url, place.site_key, place.data)
        self.process = process
        self._log = log

    def log(self) -> str:
        """All that it said."""
        return self._log.read_text()

    def forget_peak(self) -> int:
        """Let `peak_bytes` begin anew; the memory that it has now."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")  # proc(5)
        return self.peak_bytes()

    def peak_bytes(self) -> int:
        """The most memory that it had since."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024

    def is_alive(self) -> bool:
        """Whether the process that was started is the one that runs."""
        return self.process.poll() is None and psutil.pid_exists(self.process.pid)


@contextmanager
def running(
    place: Premises, logs: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> Iterator[RunningServer]:
    """The server, listening, with these arguments to `run` and more in its environment, until the block ends."""
    with Processes(logs) as processes:
        command = [sys.executable, "-m", "server_stub", "run", "--data", place.data, "--port", "0", *arguments]
        process = processes.start("server", command, {**os.environ, "PYTHONPATH": str(REPOSITORY), **(env or {})})
        log = processes.log("server")
        told = wait_until(lambda: re.search(r"listening on (http://\S+)", log.read_text()), "the server to listen", 30)
        yield RunningServer(place, process, told[1], log)
