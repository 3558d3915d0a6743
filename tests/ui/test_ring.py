"""A second start of the program is heard; anything else is not."""

from __future__ import annotations

import array
import fcntl
import os
import stat
import sys
import termios
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from client.system.instance import ring, ring_address
from client.ui.ring import PIPE_BYTES, PosixRing

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a named pipe of another kind there")


@dataclass(slots=True)
class Heard:
    """A ring that listens, and how often it rang."""

    ring: PosixRing
    run: Path
    times: list[int] = field(default_factory=list)

    @property
    def address(self) -> Path:
        return Path(ring_address(self.run))


@pytest.fixture
def heard(qtbot: QtBot, tmp_path: Path) -> Iterator[Heard]:
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    heard = Heard(PosixRing(ring_address(run)), run)
    heard.ring.rung.connect(lambda: heard.times.append(1))
    assert heard.ring.start()
    yield heard
    heard.ring.close()


def say(address: Path, said: bytes) -> int:
    """What a stranger of the same user could say; the pipe stays open."""
    caller = os.open(address, os.O_WRONLY | os.O_NONBLOCK)
    os.write(caller, said)
    return caller


def test_the_systems_own_ring_is_heard(heard: Heard, qtbot: QtBot) -> None:
    assert ring(heard.run, 5)
    qtbot.waitUntil(lambda: heard.times == [1])


def test_it_is_heard_again_and_again(heard: Heard, qtbot: QtBot) -> None:
    for times in range(1, 4):
        assert ring(heard.run, 5)
        qtbot.waitUntil(lambda times=times: len(heard.times) == times)  # type: ignore[misc]


@pytest.mark.parametrize("said", [b"quit\n", b"showing", b"sho", b"SHOW\n", b"\0\0\0\0\0", b"x" * 100_000])
def test_anything_else_is_dropped_unheard(heard: Heard, qtbot: QtBot, said: bytes) -> None:
    caller = say(heard.address, said)
    try:
        qtbot.waitUntil(lambda: _is_empty(heard.address))
        assert heard.times == []
        assert ring(heard.run, 5)
        qtbot.waitUntil(lambda: heard.times == [1])
    finally:
        os.close(caller)


def test_a_word_behind_a_full_pipe_of_noise_is_heard(heard: Heard, qtbot: QtBot) -> None:
    caller = say(heard.address, b"x" * (PIPE_BYTES - 4096))
    try:
        assert ring(heard.run, 5)
        qtbot.waitUntil(lambda: heard.times == [1])
    finally:
        os.close(caller)


def test_it_does_not_wake_the_program_once_everybody_has_gone(heard: Heard, qtbot: QtBot) -> None:
    looks: list[int] = []
    listening = heard.ring._listening
    assert listening is not None
    assert ring(heard.run, 5)
    qtbot.waitUntil(lambda: heard.times == [1])
    listening[1].activated.connect(lambda: looks.append(1))
    qtbot.wait(50)
    assert looks == []


def test_only_the_owner_may_ring(heard: Heard) -> None:
    found = heard.address.stat()
    assert stat.S_ISFIFO(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600


@pytest.mark.parametrize("kind", ["pipe", "file", "link"])
def test_what_a_crash_left_over_is_replaced(tmp_path: Path, kind: str) -> None:
    address, elsewhere = tmp_path / "left.ring", tmp_path / "precious"
    if kind == "pipe":
        os.mkfifo(address)
    elif kind == "file":
        address.write_bytes(b"")
    else:
        elsewhere.write_bytes(b"kept")
        address.symlink_to(elsewhere)
    server = PosixRing(str(address))
    assert server.start()
    assert stat.S_ISFIFO(address.lstat().st_mode)
    server.close()
    assert not address.exists()
    assert kind != "link" or elsewhere.read_bytes() == b"kept"


def test_where_no_pipe_can_be_made_there_is_no_ring(tmp_path: Path) -> None:
    assert not PosixRing(str(tmp_path / "nowhere" / "a.ring")).start()


def _is_empty(address: Path) -> bool:
    handle = os.open(address, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return not _waiting(handle)
    finally:
        os.close(handle)


def _waiting(handle: int) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(handle, termios.FIONREAD, count)
    return count[0]
