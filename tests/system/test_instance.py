from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from client.system.instance import Instance, ring, ring_address
from tests.rigs.session import ROOT

HOLD = """
import sys
from pathlib import Path
from client.system.instance import Instance
instance = Instance(Path(sys.argv[1]))
print(instance.acquire(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def this_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":7")


@contextmanager
def holder(run_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that tries to be the one instance; says on its output whether it is."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run_dir)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_only_one_process_is_the_instance(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        assert said(first) == "True"

        assert not Instance(tmp_path).acquire()
        with holder(tmp_path) as third:
            assert said(third) == "False"


def test_a_killed_instance_is_taken_over_at_once(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        assert said(first) == "True"
        first.send_signal(signal.SIGKILL)
        first.wait(5)

    assert Instance(tmp_path).acquire()


def test_a_released_instance_can_be_had_again(tmp_path: Path) -> None:
    first, second = Instance(tmp_path), Instance(tmp_path)

    assert first.acquire()
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_a_program_that_the_instance_started_does_not_keep_the_lock(tmp_path: Path) -> None:
    first = Instance(tmp_path)
    assert first.acquire()
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        first.release()

        assert Instance(tmp_path).acquire()
        child.kill()


@pytest.mark.parametrize(
    ("name", "value", "is_the_same"),
    [
        ("DISPLAY", ":8", False),
        ("DISPLAY", ":7.0", True),
        ("WAYLAND_DISPLAY", "wayland-1", False),
    ],
)
def test_each_desktop_session_has_an_instance_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, is_the_same: bool
) -> None:
    first, address = Instance(tmp_path), ring_address(tmp_path)
    assert first.acquire()
    monkeypatch.setenv(name, value)
    second = Instance(tmp_path)

    assert second.acquire() is not is_the_same
    assert (ring_address(tmp_path) == address) is is_the_same
    first.release()
    second.release()


def test_lock_and_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir(mode=0o755)
    assert Instance(run).acquire()

    assert stat.S_IMODE(run.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in run.iterdir()] == [0o600]


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    assert Instance(tmp_path).acquire()
    (lock,) = tmp_path.glob("*.lock")
    lock.unlink()
    target = tmp_path / "precious"
    lock.symlink_to(target)

    with pytest.raises(OSError, match="symbolic links"):
        Instance(tmp_path).acquire()
    assert not target.exists()


@contextmanager
def listener(address: str) -> Iterator[list[bytes]]:
    """What arrives at the ring until it ends."""
    heard: list[bytes] = []
    os.mkfifo(address, 0o600)
    handle = os.open(address, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield heard
        heard.append(os.read(handle, 100))
    finally:
        os.close(handle)


def test_the_ring_carries_the_one_word(tmp_path: Path) -> None:
    with listener(ring_address(tmp_path)) as heard:
        assert ring(tmp_path, 2)

    assert heard == [b"show\n"]


def test_the_ring_waits_for_an_instance_that_is_just_starting(tmp_path: Path) -> None:
    done: list[bool] = []
    caller = threading.Thread(target=lambda: done.append(ring(tmp_path, 10)))
    caller.start()
    with listener(ring_address(tmp_path)) as heard:
        caller.join(5)

    assert (done, heard) == ([True], [b"show\n"])


def test_the_ring_gives_up_at_its_deadline(tmp_path: Path) -> None:
    started = time.monotonic()

    assert not ring(tmp_path, 0.2)
    assert 0.2 <= time.monotonic() - started < 2


def test_a_pipe_left_over_from_a_crash_is_nobody(tmp_path: Path) -> None:
    os.mkfifo(ring_address(tmp_path), 0o600)

    assert not ring(tmp_path, 0.1)


@pytest.mark.parametrize("is_link", [False, True])
def test_nothing_is_written_to_what_is_no_pipe(tmp_path: Path, is_link: bool) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"kept")
    address = Path(ring_address(tmp_path))
    address.symlink_to(precious) if is_link else precious.rename(address)

    assert not ring(tmp_path, 0.1)
    assert address.read_bytes() == b"kept"


def test_a_long_path_still_makes_a_ring(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    assert Instance(deep).acquire()
    with listener(ring_address(deep)) as heard:
        assert ring(deep, 2)
    assert heard == [b"show\n"]


@pytest.mark.needs_root
def test_a_folder_that_is_somebody_elses_is_refused(tmp_path: Path) -> None:
    planted = tmp_path / "run"
    planted.mkdir()
    shutil.chown(planted, "nobody")

    with pytest.raises(PermissionError):
        Instance(planted).acquire()


def test_a_strange_display_name_stays_inside_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "/run/user/../../etc/x y\n..")

    assert Path(ring_address(tmp_path)).parent == tmp_path
