"""What is PostgreSQL's own in the feed: the connection that listens for other processes' changes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from server_stub.life import Act
from tests.rigs.waiting import wait_until
from tests.server.desk import Desk
from tests.server.rig import Device, stored
from tests.server.test_changes import aside, changes, filed, ids, people, waiting

__all__ = ["aside", "people"]  # fixtures
pytestmark = pytest.mark.on_postgresql


def test_when_listening_is_cut_off_it_begins_again_and_catches_up(
    device: Device, people: Desk, aside: ThreadPoolExecutor
) -> None:
    ticket = filed(device)
    with stored(device.server.data) as database:
        cut = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'"
            " AND datname = current_database()"
        )

        def is_listening() -> bool:
            with database.read() as connection:
                return bool(connection.execute(text(str(cut).replace("pg_terminate_backend(pid)", "pid"))).all())

        for _ in range(2):
            wait_until(is_listening, "the server to listen", 20)
            future = waiting(aside, device, changes(device).json()["cursor"])
            with database.write() as connection:
                assert connection.execute(cut).all()
            people.say(ticket, Act.REPLY)
            assert ids(future.result(20)) == [ticket]
