"""A fault of the program is written down without a report's words, said once, and survived."""

from __future__ import annotations

import stat
from pathlib import Path

from pytestqt.qtbot import QtBot

from client import crash_log
from client.core.errors import Problem
from client.ui.bridge import Bridge
from client.ui.crashes import Crashes


def fault() -> ValueError:
    try:
        raise ValueError("the secret words of a report")
    except ValueError as error:
        return error


def test_faults_are_written_and_said_once(qtbot: QtBot, tmp_path: Path) -> None:
    crashes = Crashes(Bridge(), lambda source, error: crash_log.write(tmp_path / "log", source, error))
    told: list[Problem] = []
    crashes.crashed.connect(told.append)
    error = fault()
    crashes.handle(ValueError, error, error.__traceback__)
    crashes.note("disk", fault())
    qtbot.waitUntil(lambda: len(told) == 1)
    log = tmp_path / "log" / "crashes.log"
    text = log.read_text()
    assert "window: ValueError" in text
    assert "disk: ValueError" in text
    assert "in fault" in text
    assert "secret words" not in text.replace('raise ValueError("the secret words of a report")', "")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_log_that_cannot_be_written_is_no_second_fault(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    crash_log.write(blocked / "log", "window", fault())
    assert blocked.read_text() == ""


def test_a_long_log_is_set_aside(tmp_path: Path) -> None:
    log = tmp_path / "crashes.log"
    log.write_bytes(b"x" * (crash_log.MAX_BYTES + 1))
    crash_log.write(tmp_path, "window", fault())
    assert log.stat().st_size < 10_000
    assert (tmp_path / "crashes.old.log").stat().st_size > crash_log.MAX_BYTES
