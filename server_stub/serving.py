"""Listens, serves, and stops when told."""

from __future__ import annotations

import logging
import signal
import socket
import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from server_stub.app import create_app
from server_stub.connections import Connection, allow_many
from server_stub.settings import Settings

_BACKLOG = 2048
_GRACE_S = 10


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """The PEM files of a certificate chain and its key."""

    chain: Path
    key: Path


class CannotListen(Exception):
    """The address cannot be listened on; the text is the system's reason."""


class BadCertificate(Exception):
    """The certificate or its key cannot be used; the text is the library's reason."""


class AnnouncingServer(uvicorn.Server):
    """Prints one line on standard output as soon as requests are answered."""

    def __init__(self, config: uvicorn.Config, line: str) -> None:
        super().__init__(config)
        self._line = line

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"{self._line}\n")
            sys.stdout.flush()


def serve(
    settings: Settings,
    address: Address,
    certificate: Certificate | None,
    trusted_proxies: Sequence[str],
) -> int:
    """Serve until SIGTERM or SIGINT; requests under way are finished. Raises CannotListen, BadCertificate."""
    allow_many()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=_GRACE_S,
        ssl_certfile=certificate.chain if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
        ws="none",
        http=Connection,
    )
    try:
        config.load()
    except (ssl.SSLError, OSError) as error:
        raise BadCertificate(error.strerror or error) from error
    listener = _listen(address)
    scheme = "https" if certificate else "http"
    server = AnnouncingServer(config, f"deskbell-server: listening on {scheme}://{_shown(address, listener)}")
    # The server raises the signal again when it has stopped, for whoever handled it before: that is a clean end.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    server.run(sockets=[listener])
    return 0 if server.started else 1


def _listen(address: Address) -> socket.socket:
    try:
        family, kind, protocol, _, resolved = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(resolved)
        listener.listen(_BACKLOG)
    except OSError as error:
        raise CannotListen(error.strerror or error) from error
    return listener


def _shown(address: Address, listener: socket.socket) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{listener.getsockname()[1]}"
