"""Fixtures: a data folder that is ready, and servers on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from server_stub.settings import Settings
from server_stub.store.agents import Agents
from server_stub.store.clock import utc_now
from server_stub.store.database import Database
from tests.server.rig import PASSWORD, QUICK, Agent, Device, FakeClock, Process, Server, Threads, command


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder with a site and an agent, made by the real commands once, and the site's key."""
    data = tmp_path_factory.mktemp("prepared") / "data"
    assert command("init", "--data", str(data)).returncode == 0
    site = command("add-site", "Example Ltd", "--phone", "5500", "--data", str(data))
    agent = command(
        "add-agent", "anna", "--name", "Anna Kern", "--password-stdin", "--data", str(data), stdin=f"{PASSWORD}\n"
    )
    assert agent.returncode == 0, agent.stderr
    database = Database(Settings(data).database_url)
    Agents(database, utc_now).set_password("anna", QUICK.hash(PASSWORD))
    database.close()
    return data, site.stdout.strip()


@pytest.fixture(scope="session")
def threads() -> Iterator[Threads]:
    """Where servers run that are no process of their own."""
    threads = Threads()
    yield threads
    threads.close()


@pytest.fixture
def data(prepared: tuple[Path, str], tmp_path: Path) -> Path:
    """A data folder of the test's own."""
    return Path(shutil.copytree(prepared[0], tmp_path / "data"))


@pytest.fixture
def clock() -> FakeClock:
    """The clock of `server`."""
    return FakeClock()


@pytest.fixture
def serve(
    threads: Threads, prepared: tuple[Path, str], data: Path, clock: FakeClock
) -> Iterator[Callable[..., Server]]:
    """Start a server in a thread, with other limits where the test names them."""
    with ExitStack() as stack:

        def start(hasher: PasswordHasher = QUICK, **limits: Any) -> Server:
            return stack.enter_context(threads.serve(Settings(data, **limits), prepared[1], clock, hasher))

        yield start


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server with the usual limits."""
    return serve()


@pytest.fixture
def device(server: Server) -> Device:
    """An enrolled device."""
    return server.device()


@pytest.fixture
def agent(server: Server) -> Iterator[Agent]:
    """An agent who is logged in."""
    agent = Agent(server)
    with agent.session:
        assert agent.log_in().status_code == 303
        yield agent


@pytest.fixture
def visitor(server: Server) -> Iterator[Agent]:
    """A browser in which nobody is logged in."""
    visitor = Agent(server)
    with visitor.session:
        yield visitor


@pytest.fixture
def process(data: Path) -> Iterator[Process]:
    """A server as a process of its own, not yet started."""
    process = Process(data)
    yield process
    if process.is_started:
        process.stop()


@pytest.fixture(scope="module")
def shared(threads: Threads, prepared: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of a module, for those that change nothing in it."""
    data = Path(shutil.copytree(prepared[0], tmp_path_factory.mktemp("shared") / "data"))
    with threads.serve(Settings(data), prepared[1], FakeClock()) as server:
        yield server


@pytest.fixture(scope="module")
def shared_device(shared: Server) -> Device:
    """An enrolled device at `shared`."""
    return shared.device()
