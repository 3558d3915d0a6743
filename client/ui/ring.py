"""Hears a second start of the program, which asks the first one to show its panel."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

WORD = b"show\n"


class RingServer(QObject):
    """Emits `rung` when the one word arrives at `address`. Whatever else is said is dropped unread, the caller with it.

    Owner-only. The instance lock decides who listens: a socket that is left over belongs to nobody and is replaced.
    """

    rung = Signal()

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self._server = QLocalServer()
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._welcome)
        self._callers: list[QLocalSocket] = []

    def start(self) -> bool:
        """Whether the program can be rung from now on."""
        QLocalServer.removeServer(self._address)
        return self._server.listen(self._address)

    def close(self) -> None:
        self._server.close()
        for caller in list(self._callers):
            caller.abort()

    def _welcome(self) -> None:
        while (caller := self._server.nextPendingConnection()) is not None:
            caller.setReadBufferSize(len(WORD))
            self._callers.append(caller)
            caller.readyRead.connect(self._listen)
            caller.disconnected.connect(self._forget)
            self._hear(caller)

    def _listen(self) -> None:
        caller = self.sender()
        if isinstance(caller, QLocalSocket):
            self._hear(caller)

    def _hear(self, caller: QLocalSocket) -> None:
        heard = bytes(caller.peek(len(WORD)).data())
        if heard == WORD:
            caller.abort()
            self.rung.emit()
        elif not WORD.startswith(heard):
            caller.abort()

    def _forget(self) -> None:
        caller = self.sender()
        if isinstance(caller, QLocalSocket) and caller in self._callers:
            self._callers.remove(caller)
