"""Listens on the line between a client and a server, and passes every byte on unchanged."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Eavesdropper:
    """`with Eavesdropper(server.url) as line:` – the client is given `url`; `said` and `heard` are the bytes."""

    def __init__(self, target: str) -> None:
        self._target = (urlsplit(target).hostname or "", urlsplit(target).port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._said, self._heard = bytearray(), bytearray()
        self._open: list[socket.socket] = [self._listener]
        self._threads: list[threading.Thread] = []

    def said(self) -> bytes:
        """All that clients have sent so far."""
        return bytes(self._said)

    def heard(self) -> bytes:
        """All that the server has answered so far."""
        return bytes(self._heard)

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target, 10)
            self._open += [client, server]
            self._spawn(self._pass_on, client, server, self._said)
            self._spawn(self._pass_on, server, client, self._heard)

    def _spawn(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name="eavesdropper", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    @staticmethod
    def _pass_on(source: socket.socket, sink: socket.socket, record: bytearray) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                record += piece
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
