"""Hears a second start of the program, which asks the first one to show its panel.

A plain pipe where the system has such files: QtNetwork would cost a tenth of the memory of the idle program, and
Python's sockets half a megabyte.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSocketNotifier, Signal

from client.ui.retiring import retire

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer

WORD = b"show\n"
PIPE_BYTES = 65536  # all that a pipe holds: a word is never cut in two


class Ring(QObject):
    """Emits `rung` when the one word arrives at `address`. Whatever else is said is dropped.

    Owner-only. The instance lock decides who listens: a pipe that is left over belongs to nobody and is replaced.
    """

    rung = Signal()

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def start(self) -> bool:
        """Whether the program can be rung from now on."""
        raise NotImplementedError

    def close(self) -> None:
        """Hear no more."""
        raise NotImplementedError


class PosixRing(Ring):
    """On a pipe in the file system."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._listening: tuple[int, QSocketNotifier] | None = None

    def start(self) -> bool:
        path = Path(self._address)
        try:
            path.unlink(missing_ok=True)
            os.mkfifo(path, 0o600)
            # For writing, too: a pipe without a writer is at its end, and that would wake the program for ever.
            pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        notifier = QSocketNotifier(pipe, QSocketNotifier.Type.Read)
        notifier.activated.connect(self._hear)
        self._listening = pipe, notifier
        return True

    def close(self) -> None:
        if self._listening is not None:
            (pipe, notifier), self._listening = self._listening, None
            notifier.setEnabled(False)
            os.close(pipe)
            with suppress(OSError):
                Path(self._address).unlink()

    def _hear(self) -> None:
        assert self._listening is not None
        heard = b""
        with suppress(OSError):
            heard = os.read(self._listening[0], PIPE_BYTES)
        if WORD in heard:
            self.rung.emit()


class WindowsRing(Ring):
    """On a named pipe of Windows."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._server: QLocalServer | None = None

    def start(self) -> bool:
        from PySide6.QtNetwork import QLocalServer

        self._server = QLocalServer()
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._welcome)
        return self._server.listen(self._address)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    def _welcome(self) -> None:
        assert self._server is not None
        caller = self._server.nextPendingConnection()
        caller.setReadBufferSize(len(WORD))
        caller.readyRead.connect(self._hear)
        caller.disconnected.connect(self._forget)

    def _hear(self) -> None:
        from PySide6.QtNetwork import QLocalSocket

        caller = self.sender()
        if isinstance(caller, QLocalSocket):
            heard = bytes(caller.read(len(WORD)).data())
            caller.abort()
            if heard == WORD:
                self.rung.emit()

    def _forget(self) -> None:
        caller = self.sender()
        if caller is not None:
            retire(caller)


def ring_at(address: str) -> Ring:
    """The ring of this operating system."""
    return WindowsRing(address) if sys.platform == "win32" else PosixRing(address)
