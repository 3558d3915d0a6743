"""What a power cut leaves, as the model has it; and what strace writes down, as it is read."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.disk import SECTOR, Disk, Left
from tests.faults.strace import Call, recording


def _hex(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


class Recorded:
    """Calls on files below a folder, as strace writes them down, and what a power cut leaves after them."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        (self.root / "old").write_bytes(b"old")
        self._trace = folder / "trace"
        self._lines: list[str] = []

    def make(self, name: str, data: bytes) -> None:
        path = self._path(name)
        self._lines += [
            f'openat(AT_FDCWD</>, "{path}", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600) = 3<{path}>',
            f'write(3<{path}>, "{_hex(data)}", {len(data)}) = {len(data)}',
        ]

    def make_folder(self, name: str) -> None:
        self._lines.append(f'mkdir("{self._path(name)}", 0700) = 0')

    def sync(self, name: str) -> None:
        self._lines.append(f"fsync(3<{self._path(name)}>) = 0")

    def move(self, source: str, target: str) -> None:
        self._lines.append(f'rename("{self._path(source)}", "{self._path(target)}") = 0')

    def left(self, left: Left, seed: int = 0) -> dict[str, bytes]:
        disk = Disk(self.root)
        for call in self.calls():
            disk.apply(call)
        target = self.root.with_name("left")
        disk.write_to(target, left, random.Random(seed))
        return {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}

    def calls(self) -> list[Call]:
        self._trace.write_text("\n".join(self._lines))
        return recording(self._trace)

    def _path(self, name: str) -> str:
        return _hex(str(self.root / name).encode())


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def test_a_file_is_durable_once_it_and_its_name_are_synced(recorded: Recorded) -> None:
    recorded.make("new", b"new")
    assert recorded.left(Left.NOTHING) == {"old": b"old"}
    assert recorded.left(Left.NAMES) == {"old": b"old", "new": b""}
    recorded.sync("new")
    assert recorded.left(Left.NOTHING) == {"old": b"old"}
    assert recorded.left(Left.NAMES) == {"old": b"old", "new": b"new"}
    recorded.sync("")
    assert recorded.left(Left.NOTHING) == {"old": b"old", "new": b"new"}


def test_a_file_that_took_the_place_of_another_is_the_old_or_the_new(recorded: Recorded) -> None:
    recorded.make("new", b"new")
    recorded.sync("new")
    recorded.move("new", "old")
    assert recorded.left(Left.NOTHING) == {"old": b"old"}
    assert recorded.left(Left.NAMES) == {"old": b"new"}
    recorded.sync("")
    assert recorded.left(Left.NOTHING) == {"old": b"new"}


@pytest.mark.parametrize("synced", ["a", "b"])
def test_a_move_between_folders_is_one_step(recorded: Recorded, synced: str) -> None:
    for folder in ("a", "b"):
        recorded.make_folder(folder)
    recorded.make("a/file", b"it")
    for path in ("a/file", "a", ""):
        recorded.sync(path)
    recorded.move("a/file", "b/file")
    assert recorded.left(Left.NOTHING) == {"old": b"old", "a/file": b"it"}
    recorded.sync(synced)
    assert recorded.left(Left.NOTHING) == {"old": b"old", "b/file": b"it"}


def test_of_bytes_that_were_not_synced_whole_sectors_are_left_or_not(recorded: Recorded) -> None:
    recorded.make("new", b"x" * SECTOR * 20)
    found = [recorded.left(Left.TORN, seed)["new"] for seed in range(8)]
    assert {len(left) for left in found} == {0, 20 * SECTOR}
    sectors = {left[start : start + SECTOR] for left in found for start in range(0, len(left), SECTOR)}
    assert sectors == {b"x" * SECTOR, bytes(SECTOR)}


def test_calls_that_overlap_are_one_each_and_counted_by_thread(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_text(
        "11 fsync(3</a> <unfinished ...>\n"
        "12 fsync(4</b>)                     = 0\n"
        "11 <... fsync resumed>)              = -1 EIO (Input/output error) (INJECTED)\n"
        "11 fsync(3</a>)                      = ?\n"
        "11 +++ killed by SIGKILL +++\n"
    )
    calls = recording(trace)
    assert [(call.tid, call.nth, call.result, call.opened) for call in calls] == [
        (11, 1, -1, ("/a",)),
        (12, 1, 0, ("/b",)),
        (11, 2, None, ("/a",)),
    ]
