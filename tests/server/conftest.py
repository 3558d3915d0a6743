"""Fixtures: a data folder that is ready, and servers on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from server_stub.commands import DATABASE
from server_stub.store.agents import Agents
from server_stub.store.clock import utc_now
from tests.rigs.postgres import PROGRAM
from tests.server.copies import Copies
from tests.server.rig import (
    PASSWORD,
    QUICK,
    Agent,
    Device,
    FakeClock,
    Process,
    Server,
    Threads,
    command,
    settings,
    stored,
)

NEEDED = pytest.mark.needs(PROGRAM)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests with the mark `both` run on either database, those with the mark `on_postgresql` on that one."""
    if "store_kind" not in metafunc.fixturenames:
        return
    if metafunc.definition.get_closest_marker("both"):
        kinds = ["sqlite", pytest.param("postgresql", marks=NEEDED)]
    elif metafunc.definition.get_closest_marker("on_postgresql"):
        kinds = [pytest.param("postgresql", marks=NEEDED, id=pytest.HIDDEN_PARAM)]
    else:
        kinds = [pytest.param("sqlite", id=pytest.HIDDEN_PARAM)]
    metafunc.parametrize("store_kind", kinds, scope="session", indirect=True)


@pytest.fixture(scope="session")
def store_kind(request: pytest.FixtureRequest) -> str:
    """Which database the server is on."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def copies(store_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies | None]:
    """A PostgreSQL that gives each test a database of its own; None on SQLite."""
    if store_kind == "sqlite":
        yield None
        return
    with Copies(tmp_path_factory.mktemp("postgres")) as copies:
        yield copies


@pytest.fixture(scope="session")
def prepared(copies: Copies | None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder with a site and an agent, made by the real commands once, and the site's key."""
    with on(copies.original if copies else None):  # no longer: the fixture lives while tests of others run
        return prepare(tmp_path_factory.mktemp("prepared") / "data")


def prepare(data: Path) -> tuple[Path, str]:
    """Make such a folder."""
    assert command("init", "--data", str(data)).returncode == 0
    site = command("add-site", "Example Ltd", "--phone", "5500", "--data", str(data))
    agent = command(
        "add-agent", "anna", "--name", "Anna Kern", "--password-stdin", "--data", str(data), stdin=f"{PASSWORD}\n"
    )
    assert agent.returncode == 0, agent.stderr
    with stored(data) as database:
        Agents(database, utc_now).set_password("anna", QUICK.hash(PASSWORD))
    return data, site.stdout.strip()


@contextmanager
def on(url: str | None) -> Iterator[None]:
    """Meanwhile, this is the address of the database for whatever is started; None is SQLite."""
    with pytest.MonkeyPatch.context() as patch:
        if url is None:
            patch.delenv(DATABASE, raising=False)
        else:
            patch.setenv(DATABASE, url)
        yield


@pytest.fixture(scope="session")
def threads() -> Iterator[Threads]:
    """Where servers run that are no process of their own."""
    threads = Threads()
    yield threads
    threads.close()


@pytest.fixture
def data(prepared: tuple[Path, str], copies: Copies | None, tmp_path: Path) -> Iterator[Path]:
    """A data folder, and a database, of the test's own."""
    with on(copies.another() if copies else None):
        yield Path(shutil.copytree(prepared[0], tmp_path / "data"))


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
            return stack.enter_context(threads.serve(settings(data, **limits), prepared[1], clock, hasher))

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
    with threads.serve(settings(data), prepared[1], FakeClock()) as server:
        yield server


@pytest.fixture(scope="module")
def shared_device(shared: Server) -> Device:
    """An enrolled device at `shared`."""
    return shared.device()
