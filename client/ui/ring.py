"""Hears a second start of the program, which asks the first one to show its panel.

A plain socket where there are such: QtNetwork alone would cost a tenth of the memory of the idle program.
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
    import socket

    from PySide6.QtNetwork import QLocalServer

WORD = b"show\n"
CALLERS = 8  # at most; who connects and says nothing gives way to the next


class Ring(QObject):
    """Emits `rung` when the one word arrives at `address`. Whatever else is said is dropped, the caller with it.

    Owner-only. The instance lock decides who listens: a socket that is left over belongs to nobody and is replaced.
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


class SocketRing(Ring):
    """On a Unix socket."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._listening: tuple[socket.socket, QSocketNotifier] | None = None
        self._callers: list[tuple[socket.socket, QSocketNotifier]] = []

    def start(self) -> bool:
        import socket

        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.setblocking(False)
        before = os.umask(0o177)
        try:
            Path(self._address).unlink(missing_ok=True)
            listener.bind(self._address)
            listener.listen(CALLERS)
        except OSError:
            listener.close()
            return False
        finally:
            os.umask(before)
        self._listening = self._watched(listener)
        self._listening[1].activated.connect(self._welcome)
        return True

    def close(self) -> None:
        for caller in [*self._callers, *([self._listening] if self._listening else [])]:
            self._end(caller)
        self._callers.clear()
        if self._listening:
            self._listening = None
            with suppress(OSError):
                Path(self._address).unlink()

    def _welcome(self) -> None:
        assert self._listening is not None
        with suppress(OSError):
            caller = self._watched(self._listening[0].accept()[0])
            caller[0].setblocking(False)
            caller[1].activated.connect(self._hear)
            self._callers.append(caller)
            for silent in self._callers[:-CALLERS]:
                self._drop(silent)

    def _hear(self) -> None:
        caller = next((one for one in self._callers if one[1] is self.sender()), None)
        if caller is None:
            return
        heard = b""
        with suppress(OSError):
            heard = caller[0].recv(len(WORD))
        self._drop(caller)
        if heard == WORD:
            self.rung.emit()

    def _drop(self, caller: tuple[socket.socket, QSocketNotifier]) -> None:
        self._callers.remove(caller)
        self._end(caller)

    @staticmethod
    def _watched(one: socket.socket) -> tuple[socket.socket, QSocketNotifier]:
        return one, QSocketNotifier(one.fileno(), QSocketNotifier.Type.Read)

    @staticmethod
    def _end(caller: tuple[socket.socket, QSocketNotifier]) -> None:
        caller[1].setEnabled(False)
        retire(caller[1])
        caller[0].close()


class PipeRing(Ring):
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
    return PipeRing(address) if sys.platform == "win32" else SocketRing(address)
