"""The calls by which a client changes its profile, as the client that runs right now meets them: failing, or its last.

The seam is the operating system: `os.open` and its kin, for the thread that made this, while a client runs.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol
from unittest.mock import patch

_CHANGES = ("mkdir", "rename", "replace", "unlink", "rmdir", "fsync", "write", "ftruncate", "chmod", "close")
_FREES = ("rename", "replace", "unlink", "rmdir", "ftruncate", "chmod")  # work on a full disk, too
_WRITES = os.O_CREAT | os.O_WRONLY | os.O_RDWR


class Killed(BaseException):
    """The process has ended here. Nothing that it would have done afterwards happens."""


class Victim(Protocol):
    """A process: whether it has ended, and the descriptors of the locks that end with it."""

    is_dead: bool
    locks: set[int]


class Storage:
    """`running` is the process whose calls these are. `standing` fails every call that needs room or rights."""

    def __init__(self, others: Callable[[], None]) -> None:
        """`others` has the other processes run, in the middle of a call of this one."""
        self.running: Victim | None = None
        self.standing: int | None = None  # ENOSPC, EROFS
        self._others = others
        self._countdown = 0
        self._then: int | None = None
        self._turns = 0
        self._thread = threading.get_ident()

    def arm(self, calls: int, then: int | None) -> None:
        """So many calls from now one fails with that error number; None: the process ends in it."""
        self._countdown, self._then = calls, then

    def give_way(self, calls: int) -> None:
        """So many calls from now the other processes run before it is made."""
        self._turns = calls

    def heal(self) -> None:
        self.standing = None
        self._countdown = self._turns = 0

    @contextmanager
    def installed(self) -> Iterator[None]:
        with ExitStack() as stack:
            for name in _CHANGES:
                stack.enter_context(patch.object(os, name, self._change(name, getattr(os, name))))
            stack.enter_context(patch.object(os, "open", self._open(os.open)))
            yield

    def _change(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            running = self._mine()
            if running is None:
                return real(*arguments, **named)
            if name == "close":
                if running.is_dead:
                    raise Killed
                running.locks.discard(arguments[0])
                return real(*arguments, **named)
            self._meet(running, needs_room=name not in _FREES)
            return None if name == "fsync" else real(*arguments, **named)  # no power is cut here

        return call

    def _open(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(path: Any, flags: int, *arguments: Any, **named: Any) -> int:
            running = self._mine()
            if running is None:
                return real(path, flags, *arguments, **named)
            if running.is_dead:
                raise Killed
            if flags & _WRITES:
                self._meet(running, needs_room=not os.path.lexists(path))
            handle = real(path, flags, *arguments, **named)
            if "locks" in str(path):
                running.locks.add(handle)
            return handle

        return call

    def _mine(self) -> Victim | None:
        return self.running if threading.get_ident() == self._thread else None

    def _meet(self, running: Victim, *, needs_room: bool) -> None:
        if running.is_dead:
            raise Killed
        if self._turns:
            self._turns -= 1
            if not self._turns:
                self._others()
        if self._countdown:
            self._countdown -= 1
            if not self._countdown:
                if self._then is None:
                    running.is_dead = True
                    raise Killed
                raise OSError(self._then, os.strerror(self._then))
        if self.standing and (needs_room or self.standing != errno.ENOSPC):
            raise OSError(self.standing, os.strerror(self.standing))
