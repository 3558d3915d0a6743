"""A second start of the program is heard; anything else is not."""

from __future__ import annotations

import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from client.system.instance import ring, ring_address
from client.ui.ring import CALLERS, SocketRing

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a named pipe there")


@pytest.fixture
def heard(qtbot: QtBot, tmp_path: Path) -> Iterator[tuple[SocketRing, list[int], Path]]:
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    server = SocketRing(ring_address(run))
    rings: list[int] = []
    server.rung.connect(lambda: rings.append(1))
    assert server.start()
    yield server, rings, run
    server.close()


def call(run: Path, said: bytes) -> socket.socket:
    caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    caller.connect(ring_address(run))
    if said:
        caller.sendall(said)
    return caller


def test_the_systems_own_ring_is_heard(heard: tuple[SocketRing, list[int], Path], qtbot: QtBot) -> None:
    _server, rings, run = heard
    assert ring(run, 5)
    qtbot.waitUntil(lambda: rings == [1])


@pytest.mark.parametrize("said", [b"quit\n", b"showing", b"sho", b"SHOW\n", b"\0\0\0\0\0", b"x" * 100_000])
def test_anything_else_is_dropped_unheard(heard: tuple[SocketRing, list[int], Path], qtbot: QtBot, said: bytes) -> None:
    server, rings, run = heard
    caller = call(run, b"")
    caller.setblocking(False)
    try:
        caller.send(said)
        qtbot.waitUntil(lambda: not server._callers and rings == [])
        assert ring(run, 5)
        qtbot.waitUntil(lambda: rings == [1])
    finally:
        caller.close()


def test_callers_that_say_nothing_cannot_block_the_ring(
    heard: tuple[SocketRing, list[int], Path], qtbot: QtBot
) -> None:
    server, rings, run = heard
    silent = []
    for _number in range(3 * CALLERS):
        silent.append(call(run, b""))
        qtbot.waitUntil(lambda: server._listening is not None)
        qtbot.wait(1)
    assert ring(run, 5)
    qtbot.waitUntil(lambda: rings == [1])
    assert len(server._callers) <= CALLERS
    for caller in silent:
        caller.close()


def test_only_the_owner_may_ring(heard: tuple[SocketRing, list[int], Path]) -> None:
    _server, _rings, run = heard
    assert stat.S_IMODE(Path(ring_address(run)).stat().st_mode) == 0o600


def test_a_socket_that_a_crash_left_over_is_replaced(tmp_path: Path, qtbot: QtBot) -> None:
    address = str(tmp_path / "left.ring")
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(address)
    left.close()
    server = SocketRing(address)
    assert server.start()
    server.close()
    assert not Path(address).exists()
