"""What a server holds open of its database is bounded."""

from __future__ import annotations

import threading
from pathlib import Path

import psutil
import requests

from server_stub.parts import THREADS
from tests.rigs.desk_server import DeskServer

AT_ONCE = 8 * THREADS


def test_however_many_ask_at_once_there_are_no_more_connections_than_threads(tmp_path: Path) -> None:
    with DeskServer(tmp_path) as server:
        assert server.pid
        process = psutil.Process(server.pid)
        together = threading.Barrier(AT_ONCE)

        def ask() -> None:
            with requests.Session() as session:
                session.get(f"{server.url}/healthz", timeout=60)
                together.wait(60)
                for _ in range(5):
                    assert session.get(f"{server.url}/healthz", timeout=60).status_code == 200

        clients = [threading.Thread(target=ask) for _ in range(AT_ONCE)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        opened = [file.path for file in process.open_files() if file.path.endswith(".sqlite3")]
    assert 1 <= len(opened) <= THREADS + 1  # one more reads how often it was changed
