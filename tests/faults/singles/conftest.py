from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from server_stub.store.clock import utc_now
from tests.core.client import Client
from tests.core.conftest import desk, desk_server, shop
from tests.rigs.desk_server import DeskServer
from tests.server.conftest import on, prepare
from tests.server.rig import Server, Threads, settings

__all__ = ["client", "desk", "desk_server", "shop"]


@pytest.fixture
def client(tmp_path: Path, desk_server: DeskServer) -> Client:
    """The real core, set up for the real server."""
    return Client(tmp_path / "profile", desk_server.url, desk_server.site_key)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A server's data folder with a site and an agent, and the site's key."""
    with on(None):
        yield prepare(tmp_path_factory.mktemp("prepared") / "data")


@pytest.fixture(scope="session")
def threads() -> Iterator[Threads]:
    """Where servers run that are no process of their own."""
    threads = Threads()
    yield threads
    threads.close()


@pytest.fixture
def serving(threads: Threads, prepared: tuple[Path, str], tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start a server of the test's own on the same data each time; `clock` and limits as the test names them."""
    data = Path(shutil.copytree(prepared[0], tmp_path / "data"))
    with ExitStack() as stack:

        def start(clock: Callable[..., Any] = utc_now, **limits: Any) -> Server:
            return stack.enter_context(threads.serve(settings(data, **limits), prepared[1], clock))

        yield start
