"""Listeners on loopback that misbehave below HTTP: each connection is given to a function that does as it likes."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Behaviour = Callable[[socket.socket, int], None]


@dataclass
class Listener:
    """`port` on 127.0.0.1, how many connections came, and `release`, which lets those that wait go."""

    port: int = 0
    connections: int = 0
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"


@contextmanager
def listening(behave: Behaviour) -> Iterator[Listener]:
    """Each connection is given to `behave` with its number, from 1, on a thread of its own, and closed after it."""
    server = socket.create_server(("127.0.0.1", 0))
    told = Listener(server.getsockname()[1])

    def serve(connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError):
            behave(connection, number)

    def accept() -> None:
        with suppress(OSError):  # closed at the end
            while True:
                connection, _ = server.accept()
                told.connections += 1
                threading.Thread(target=serve, args=(connection, told.connections), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.release.set()
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(10)


@contextmanager
def black_hole(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A port where no connection is ever made: its queue is full, so the kernel drops what comes."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as full:
        full.bind((host, port))
        full.listen(0)
        waiting: list[Any] = []
        try:
            while True:
                one = socket.socket(family)
                waiting.append(one)
                one.settimeout(0.2)
                one.connect(full.getsockname()[:2])
        except TimeoutError:
            yield full.getsockname()[1]
        finally:
            for one in waiting:
                one.close()


def read_request(connection: socket.socket) -> bytes:
    """One request, head and body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            while len(body) < int(value):
                body += _some(connection)
    return head + b"\r\n\r\n" + body


def reset(connection: socket.socket) -> None:
    """Close it with a reset instead of an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the client has gone")
    return data
