"""The way to the desk that the settings name."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from client.assembly import Connection
from client.core.errors import SignInNeeded
from client.core.paths import paths
from tests.core.answering import answering, http
from tests.rigs.waiting import wait_until


def _http_threads() -> set[threading.Thread]:
    return {each for each in threading.enumerate() if each.name == "http"}


def test_a_device_that_is_not_let_in_tries_for_days_without_gathering_threads(tmp_path: Path) -> None:
    before = _http_threads()
    with answering() as desk:
        desk.answer = http(401, json.dumps({"error": {"code": "unknown_site", "title": "No such site"}}).encode())
        (tmp_path / "deskbell.json").write_text(json.dumps({"server": desk.url, "site_key": "dbk_withdrawn"}))
        link = Connection(paths(tmp_path))
        for _ in range(10):
            with pytest.raises(SignInNeeded, match="unknown_site"):
                link.sign_in()
        assert len(desk.asked) == 10
        wait_until(lambda: len(_http_threads() - before) <= 1, "the threads of the earlier tries to end")
