from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.desk import LoopbackDesk
from tests.core.workshop import Workshop
from tests.rigs.desk_server import DeskServer


@pytest.fixture
def desk() -> LoopbackDesk:
    return LoopbackDesk()


@pytest.fixture
def shop(tmp_path: Path, desk: LoopbackDesk) -> Workshop:
    """The core with a desk in memory, a clock of its own, and everything done at once."""
    return Workshop(tmp_path / "profile", desk)


@pytest.fixture
def listener(tmp_path: Path, desk: LoopbackDesk) -> Iterator[Workshop]:
    """The same, and it follows what becomes of tickets."""
    shop = Workshop(tmp_path / "profile", desk, listens=True)
    desk.while_waiting = shop.pass_waiting
    yield shop
    shop.close()


@pytest.fixture(scope="session")
def desk_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskServer]:
    """One real server for tests that do not stop it."""
    with DeskServer(tmp_path_factory.mktemp("desk")) as server:
        yield server
