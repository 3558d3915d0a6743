"""One process at a time: a lock that the operating system gives up when its holder dies, however it dies."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType


class Claim:
    """A held lock on a file. Make one with `claim`; leave it with `release` or a with block."""

    def __init__(self, handle: int, path: Path) -> None:
        self._handle: int | None = handle
        self._path = path
        self.crashes = os.fstat(handle).st_size  # attempts that began and whose process ended before they did

    def is_current(self) -> bool:
        """Whether the file at the path is still the one that is locked."""
        if self._handle is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._handle), self._path.stat())
        except OSError:
            return False

    def begin(self) -> None:
        """Remember that an attempt has begun, in case this process does not live to say how it ended."""
        if self._handle is not None:
            with suppress(OSError):  # a courtesy to the next process
                os.write(self._handle, b".")

    def end(self) -> None:
        """The attempt ended, well or not."""
        if self._handle is not None:
            with suppress(OSError):
                os.ftruncate(self._handle, 0)

    def release(self, *, remove: bool = False) -> None:
        """Let others have it; `remove` also deletes the lock file, when nobody will ask for it again."""
        if self._handle is None:
            return
        if remove:
            with suppress(OSError):  # Windows keeps an open file; it is removed at the next tidying
                self._path.unlink()
        os.close(self._handle)
        self._handle = None

    def __enter__(self) -> Claim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def claim(path: Path) -> Claim | None:
    """The lock at `path`, made if need be (0600), or None while somebody else, in this process or another, holds it."""
    while True:
        taken = _try(path)
        if taken is None or taken.is_current():
            return taken
        taken.release()  # its last holder removed the file while we waited at it: others would lock a new one


def _try(path: Path) -> Claim | None:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    handle = os.open(path, flags, 0o600)
    try:
        _lock(handle)
    except OSError:
        os.close(handle)
        return None
    return Claim(handle, path)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
