"""Connections: how many there may be, and how long one may take to say what it wants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_MOST_FILES = 65_536
CONNECTION = "deskbell.connection"  # in the scope of a request: the connection on which it came


class Connection(H11Protocol):
    """HTTP as uvicorn speaks it, but with an end to the patience: uvicorn waits for ever for a head that never ends."""

    head_s = 30.0
    _patience: asyncio.TimerHandle | None = None
    _release: Callable[[], None] | None = None
    _is_ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        super().connection_lost(exc)
        self._rest()
        self._end()

    def shutdown(self) -> None:
        """The server stops."""
        super().shutdown()
        self._end()

    def hold(self, release: Callable[[], None]) -> None:
        """A request will be answered later; `release` is called, once, when there is no more use in waiting."""
        self._release = release
        if self._is_ending:
            self._end()

    def handle_events(self) -> None:
        """Make what it says into requests."""
        super().handle_events()
        if self.scope is not None:
            self.scope[CONNECTION] = self  # type: ignore[literal-required]

    def data_received(self, data: bytes) -> None:
        """It says something. The time counts from the first byte of a head to its last."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._watch()
        else:
            self._rest()

    def on_response_complete(self) -> None:
        """It has its answer; from here on uvicorn itself waits, until more comes."""
        self._release = None
        super().on_response_complete()
        self._rest()

    def _end(self) -> None:
        self._is_ending = True
        if self._release is not None:
            release, self._release = self._release, None
            release()

    def _watch(self) -> None:
        if self._patience is None and not self.transport.is_closing():
            self._patience = self.loop.call_later(self.head_s, self.transport.abort)

    def _rest(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def allow_many() -> None:
    """Let this process hold as many connections as the system allows it to: often it begins with 1,024 files."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
