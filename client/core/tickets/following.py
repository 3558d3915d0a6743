"""Tickets and the news of them, made when there is a first one: an idle program that never reported has none of it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from client.core.desk import Desk
from client.core.events import Delivered, DeskChanged, Event, Listener, TicketsChanged
from client.core.lane import Inline, Jobs
from client.core.models import DeskInfo
from client.core.spool import Spool

if TYPE_CHECKING:
    from client.core.tickets.cache import Cache
    from client.core.tickets.enclosures import Enclosures
    from client.core.tickets.feed import Feed
    from client.core.tickets.listing import Tickets


class Following:
    """`cache` is a folder that may be deleted, `told` a file that may not. `lane` is where the desk is waited for; None
    where nobody waits, as on the command line. On `reading` it is asked for what is short.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        cache: Path,
        told: Path,
        desk: Callable[[], Desk],
        sign_in: Callable[[], None],
        lane: Jobs | None,
        reading: Jobs,
        on_event: Listener,
        desk_info: Callable[[], DeskInfo | None],
        refresh_desk: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._spool = spool
        self._cache_folder = cache
        self._told_file = told
        self._desk = desk
        self._sign_in = sign_in
        self._lane = lane
        self._reading = reading
        self._on_event = on_event
        self._desk_info = desk_info
        self._refresh_desk = refresh_desk
        self._clock = clock
        self._chance = chance
        self._lock = threading.Lock()
        self._made: tuple[Cache, Tickets, Feed] | None = None

    @property
    def tickets(self) -> Tickets:
        return self._parts()[1]

    @property
    def feed(self) -> Feed:
        return self._parts()[2]

    @cached_property
    def enclosures(self) -> Enclosures:
        from client.core.tickets.enclosures import Enclosures

        return Enclosures(
            folder=self._cache_folder / "attachments",
            sent=self._spool.sent,
            desk=self._desk,
            sign_in=self._sign_in,
            lane=self._reading,
            on_event=self._on_event,
        )

    def look(self) -> None:
        """Hear of tickets from now on, if there is one."""
        if self._lane is not None and self._spool.has_sent():
            self.feed.look()

    def hear(self, event: Event) -> None:
        """What the core tells of itself."""
        if self._lane is None:
            return
        if isinstance(event, Delivered):
            self.tickets.note_delivered(event.report_id, event.receipt)
            self._on_event(TicketsChanged((event.receipt.report_id,)))
            self.feed.look()
        elif isinstance(event, DeskChanged) and self._made:
            self.feed.tell()

    def hurry(self) -> None:
        """The machine slept, or the network is another."""
        if self._made:
            self.feed.hurry()

    def stop(self) -> None:
        """Nobody waits for the desk any more. Returns at once."""
        if self._made:
            self.feed.close()

    def close(self) -> None:
        """After the lanes have ended."""
        if self._made:
            self._made[0].close()

    def _parts(self) -> tuple[Cache, Tickets, Feed]:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> tuple[Cache, Tickets, Feed]:
        from client.core.tickets.cache import Cache
        from client.core.tickets.feed import Feed
        from client.core.tickets.listing import Tickets
        from client.core.tickets.told import Told

        cache = Cache(self._cache_folder)
        feed = Feed(
            cache=cache,
            told=Told(self._told_file),
            desk=self._desk,
            sign_in=self._sign_in,
            lane=self._lane or Inline(),
            on_event=self._on_event,
            desk_info=self._desk_info,
            refresh_desk=self._refresh_desk,
            clock=self._clock,
            chance=self._chance,
        )
        return cache, Tickets(self._spool, cache), feed
