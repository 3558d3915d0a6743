"""Notices changes that other processes make, for those who wait in this one."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from server_stub.parts import Parts
from server_stub.store.postgres import CHANNEL

log = logging.getLogger(__name__)

_TURN_S = 1.0
_RETRY_S = 2.0


class Watch(Protocol):
    """Runs beside the requests until it is cancelled."""

    async def run(self) -> None:
        """Ring the bell for what others change."""


class Lookout:
    """Knows up to which change everybody was told, and rings for what came after it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._seen: int | None = None

    async def look(self) -> None:
        """Ring for all changes since the last look; the first one only begins to count."""
        feed, seen = self._parts.feed, self._seen
        if seen is None:
            self._seen = await self._parts.aside(feed.count)
            return
        self._seen, device_ids = await self._parts.aside(lambda: feed.touched(seen))
        self._parts.bell.ring_all(device_ids)

    def told(self, change: int, device_id: str) -> None:
        """Ring for a change that somebody else told of."""
        self._seen = max(self._seen or 0, change)
        self._parts.bell.ring(device_id)


class LocalWatch:
    """On SQLite: looks once a second, for all who wait together, and only while somebody does."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lookout = Lookout(parts)

    async def run(self) -> None:
        """Ring the bell for what others change."""
        while True:
            try:
                await self._lookout.look()
            except SQLAlchemyError as error:
                log.warning("cannot look for changes: %s", type(error).__qualname__)
            await asyncio.sleep(_TURN_S)
            await self._parts.bell.awaited()


class DistantWatch:
    """On PostgreSQL: listens on a connection of its own, and opens another one when that is lost."""

    def __init__(self, parts: Parts, url: URL) -> None:
        self._lookout = Lookout(parts)
        self._url = url.set(drivername="postgresql").render_as_string(hide_password=False)

    async def run(self) -> None:
        """Ring the bell for what others change."""
        import psycopg

        while True:
            try:
                await self._listen()
            except (psycopg.Error, SQLAlchemyError) as error:
                log.warning("cannot listen for changes: %s", type(error).__qualname__)
            await asyncio.sleep(_RETRY_S)

    async def _listen(self) -> None:
        import psycopg

        connecting = psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            connect_timeout=5,
            application_name="deskbell",
            # A connection that died without a word is noticed within half a minute.
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
        )
        async with await connecting as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            await self._lookout.look()  # at what was changed while nobody listened
            async for notice in connection.notifies():
                change, _, device_id = notice.payload.partition(" ")
                self._lookout.told(int(change), device_id)


def watch(parts: Parts) -> Watch:
    """The one for this server's database."""
    url = parts.settings.database
    return LocalWatch(parts) if url is None else DistantWatch(parts, url)
