"""A server's data folder with two sites and some agents, made once, for campaigns that attack the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server_stub.settings import Settings
from server_stub.store.agents import Agents
from server_stub.store.clock import Clock, utc_now
from server_stub.store.database import Database
from server_stub.store.sites import Sites
from tests.server.rig import PASSWORD, QUICK, command

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
