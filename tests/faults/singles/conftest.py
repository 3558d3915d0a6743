from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.client import Client
from tests.core.conftest import desk, desk_server, shop
from tests.rigs.desk_server import DeskServer

__all__ = ["client", "desk", "desk_server", "shop"]


@pytest.fixture
def client(tmp_path: Path, desk_server: DeskServer) -> Client:
    """The real core, set up for the real server."""
    return Client(tmp_path / "profile", desk_server.url, desk_server.site_key)
