"""What a power cut leaves of a folder: what was synced, and of the rest as much or as little as one likes.

The model follows POSIX with one addition that all file systems in use give: a rename is one step, on both its folders.
A file's bytes are durable once it was fsynced after they were written; a name once its folder was.
"""

from __future__ import annotations

import os
import random
import re
import stat
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tests.faults.strace import Call

CHANGES = ("openat", "mkdir", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "rename", "unlink", "rmdir")
SECTOR = 512  # a disk writes one whole, or not at all
_UNKNOWN = {
    *("creat", "link", "linkat", "symlink", "symlinkat", "mkdirat", "unlinkat", "renameat", "renameat2", "truncate"),
    *("writev", "pwritev", "pwritev2", "fallocate", "copy_file_range", "sendfile", "splice", "sync_file_range", "open"),
}


class Left(StrEnum):
    """How much that was not synced is left."""

    NOTHING = "nothing unsynced"  # neither names nor bytes
    NAMES = "names without bytes"  # the folders are as they were; files are as they were synced, empty if never
    TORN = "names and torn bytes"  # the folders are as they were; of each file's unsynced bytes some


@dataclass(slots=True, eq=False)
class _Node:
    mode: int
    place: tuple[_Folder, str] | None = None  # where it is now
    home: tuple[_Folder, str] | None = None  # where a power cut leaves it


@dataclass(slots=True, eq=False)
class _File(_Node):
    now: bytearray = field(default_factory=bytearray)
    synced: bytes = b""


@dataclass(slots=True, eq=False)
class _Folder(_Node):
    now: dict[str, _Node] = field(default_factory=dict)
    synced: dict[str, _Node] = field(default_factory=dict)


class Disk:
    """A folder, durable as it is when this is made; then changed by recorded calls.

    Names ending in one of `ignored` are left out: what is mapped into memory, and made anew after a crash.
    """

    def __init__(self, root: Path, ignored: tuple[str, ...] = ()) -> None:
        self._root = root.resolve()
        self._ignored = ignored
        self._top = self._found(self._root)
        self._offsets: dict[int, int] = {}

    def apply(self, call: Call) -> None:
        """Change the folder as this call did. A call that failed, or that the process ended in, did nothing."""
        if call.result is None or call.result < 0:
            return
        if call.name in _UNKNOWN and any(self._parts(path) for path in _paths(call)):
            raise NotImplementedError(str(call))
        if call.name in CHANGES or call.name == "lseek":
            getattr(self, f"_{call.name}")(call)

    def differences(self) -> list[str]:
        """Where this differs from what really lies there: then a call was overlooked, and the model is wrong."""
        return _differences(self._top, self._found(self._root), "")

    def cut_power(self, left: Left, chance: random.Random) -> None:
        """Put what a power cut leaves in the place of the folder."""
        self.write_to(self._root, left, chance)

    def write_to(self, target: Path, left: Left, chance: random.Random) -> None:
        """What a power cut leaves, as `target`, in whose place it comes."""
        target.mkdir(exist_ok=True)
        for path in sorted(target.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        _write(self._top, target, left, chance)

    # calls

    def _openat(self, call: Call) -> None:
        path = _paths(call)[0]
        parts, assert_result = self._parts(path), call.result
        assert assert_result is not None
        self._offsets[assert_result] = 0
        if not parts:
            return
        node = self._node(parts)
        if node is None and "O_CREAT" in call.arguments:
            node = self._put(parts, _File(_mode(call)))
        if isinstance(node, _File):
            if "O_TRUNC" in call.arguments:
                node.now.clear()
            if "O_APPEND" in call.arguments:
                self._offsets[assert_result] = len(node.now)

    def _lseek(self, call: Call) -> None:
        assert call.result is not None
        self._offsets[_descriptor(call)] = call.result

    def _write(self, call: Call) -> None:
        handle = _descriptor(call)
        assert call.result is not None
        self._write_at(call, self._offsets.get(handle, 0))
        self._offsets[handle] = self._offsets.get(handle, 0) + call.result

    def _pwrite64(self, call: Call) -> None:
        self._write_at(call, call.numbers[-1])

    def _write_at(self, call: Call, offset: int) -> None:
        assert call.result is not None
        node = self._opened(call)
        if isinstance(node, _File):
            data = call.texts[0][: call.result]
            assert len(data) == call.result, f"cut short in the recording: {call}"
            node.now.extend(bytes(max(0, offset - len(node.now))))
            node.now[offset : offset + len(data)] = data

    def _ftruncate(self, call: Call) -> None:
        node, size = self._opened(call), call.numbers[-1]
        if isinstance(node, _File):
            node.now[:] = node.now[:size].ljust(size, b"\0")

    def _fsync(self, call: Call) -> None:
        node = self._opened(call)
        if isinstance(node, _File):
            node.synced = bytes(node.now)
        elif isinstance(node, _Folder):
            for child in {*node.synced.values(), *node.now.values()}:
                _settle(child)

    _fdatasync = _fsync

    def _mkdir(self, call: Call) -> None:
        if parts := self._parts(_paths(call)[0]):
            self._put(parts, _Folder(_mode(call)))

    def _rename(self, call: Call) -> None:
        source, target = (self._parts(path) for path in _paths(call)[:2])
        if source and target:
            node = self._node(source)
            assert node is not None, str(call)
            self._take(source)
            self._take(target)
            self._put(target, node)

    def _unlink(self, call: Call) -> None:
        if parts := self._parts(_paths(call)[0]):
            self._take(parts)

    _rmdir = _unlink

    # the tree

    def _parts(self, path: str) -> tuple[str, ...]:
        """The names from the root to `path`; none where it is not below it, or ignored."""
        found = Path(os.path.normpath(path))
        if not found.is_relative_to(self._root) or found.name.endswith(self._ignored or ("\0",)):
            return ()
        return found.relative_to(self._root).parts

    def _node(self, parts: tuple[str, ...]) -> _Node | None:
        node: _Node | None = self._top
        for part in parts:
            node = node.now.get(part) if isinstance(node, _Folder) else None
        return node

    def _opened(self, call: Call) -> _Node | None:
        path = call.opened[0]
        if ">(deleted)" in call.arguments:
            return None
        return self._top if path == str(self._root) else self._node(parts) if (parts := self._parts(path)) else None

    def _put(self, parts: tuple[str, ...], node: _Node) -> _Node:
        folder = self._node(parts[:-1])
        assert isinstance(folder, _Folder), parts
        folder.now[parts[-1]] = node
        node.place = (folder, parts[-1])
        return node

    def _take(self, parts: tuple[str, ...]) -> None:
        node = self._node(parts)
        if node and node.place:
            folder, name = node.place
            del folder.now[name]
            node.place = None

    def _found(self, path: Path) -> _Folder:
        """A folder that lies there, all of it durable."""
        folder = _Folder(stat.S_IMODE(path.stat().st_mode))
        for child in sorted(path.iterdir()):
            if child.name.endswith(self._ignored or ("\0",)):
                continue
            data = b"" if child.is_dir() else child.read_bytes()
            node = self._found(child) if child.is_dir() else _File(stat.S_IMODE(child.stat().st_mode))
            if isinstance(node, _File):
                node.now, node.synced = bytearray(data), data
            node.place = node.home = (folder, child.name)
            folder.now[child.name] = folder.synced[child.name] = node
        return folder


def _settle(node: _Node) -> None:
    """Make the place of a node durable, and with it that it is nowhere else."""
    if node.home:
        folder, name = node.home
        if folder.synced.get(name) is node:
            del folder.synced[name]
    if node.place:
        folder, name = node.place
        folder.synced[name] = node
    node.home = node.place


def _write(folder: _Folder, target: Path, left: Left, chance: random.Random) -> None:
    target.chmod(folder.mode)
    for name, node in (folder.synced if left is Left.NOTHING else folder.now).items():
        path = target / name
        if isinstance(node, _Folder):
            path.mkdir()
            _write(node, path, left, chance)
        elif isinstance(node, _File):
            path.write_bytes(_torn(node, chance) if left is Left.TORN else node.synced)
            path.chmod(node.mode)


def _torn(node: _File, chance: random.Random) -> bytes:
    """The file as it was synced, with some of the sectors written since; zeros where it grew and one is not there."""
    size = len(chance.choice((node.now, node.synced)))
    left = bytearray(node.synced[:size].ljust(size, b"\0"))
    for start in range(0, size, SECTOR):
        if chance.random() < 0.5:
            sector = node.now[start : min(start + SECTOR, size)]
            left[start : start + len(sector)] = sector
    return bytes(left)


def _differences(ours: _Node | None, real: _Node | None, path: str) -> list[str]:
    if isinstance(ours, _Folder) and isinstance(real, _Folder):
        names = sorted({*ours.now, *real.now})
        return [
            line for name in names for line in _differences(ours.now.get(name), real.now.get(name), f"{path}/{name}")
        ]
    if isinstance(ours, _File) and isinstance(real, _File) and ours.now == real.now:
        return []
    return [path]


def _paths(call: Call) -> list[str]:
    """The names that a call was given, whole."""
    names = [text.decode(errors="surrogateescape") for text in call.texts]
    base = call.opened[0] if call.opened else "/"
    return [str(Path(base) / name) for name in names]


def _descriptor(call: Call) -> int:
    return int(call.arguments.partition("<")[0])


def _mode(call: Call) -> int:
    found = re.search(r", 0([0-7]+)$", call.arguments)
    return int(found[1], 8) if found else 0o600
