"""Hears from the desk what becomes of tickets: one request at a time, kept back by the desk until something changes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby

from client.core import faults
from client.core.desk import Desk
from client.core.errors import DeskError, LocalFault, NotOurServer
from client.core.events import Listener, Notice, NoticeKind, TicketsChanged
from client.core.lane import Jobs
from client.core.models import DeskInfo, Status
from client.core.schedule import LAST_RETRY_S
from client.core.signing_in import signed_in
from client.core.tickets.cache import Cache
from client.core.tickets.news import News, notice_of
from client.core.tickets.rhythm import Rhythm
from client.core.tickets.told import NEVER, Told

HURRY_EVERY_S = 20.0  # the desk keeps a request that was given up; it takes few of one device
_STILL_TOLD = timedelta(hours=1)  # see `_begin_telling`
_MOST_PAGES = 10_000
_WORK = "tickets.feed"


class Feed:
    """`look`, `hurry` and `close` may be called from any thread and return at once; `sync` is for who can wait.

    `desk` and `sign_in` are the outbox's. `desk_info` is what the desk said of itself last, None where it said nothing;
    `refresh_desk` asks for it again, unless that was done a moment ago.
    """

    def __init__(
        self,
        *,
        cache: Cache,
        told: Told,
        desk: Callable[[], Desk],
        sign_in: Callable[[], None],
        lane: Jobs,
        on_event: Listener,
        desk_info: Callable[[], DeskInfo | None],
        refresh_desk: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._cache = cache
        self._told = told
        self._desk = desk
        self._sign_in = sign_in
        self._lane = lane
        self._on_event = on_event
        self._desk_info = desk_info
        self._refresh_desk = refresh_desk
        self._clock = clock
        self._rhythm = Rhythm(clock, chance)
        self._is_closed = False
        self._is_held = False  # the last request came to nothing: the rhythm alone says when the next is
        self._is_wanted = False  # since the last round began
        self._is_hurried = False
        self._hurried_at = float("-inf")
        self._asked: Desk | None = None  # whom a request waits for
        self._handed_over: set[str] = set()  # news that this process has given to whoever shows it
        self._stranger_answered = False

    def look(self) -> None:
        """There is a ticket, or something changed with one: hear of it from now on."""
        self._is_wanted = True
        if not self._is_held:
            self._lane.put(self._round, key=_WORK)

    def hurry(self) -> None:
        """The machine slept, or the network is another: what waits may wait for nobody, so ask anew."""
        if self._clock() - self._hurried_at >= HURRY_EVERY_S:
            self._hurried_at = self._clock()
            self._is_hurried = True
            self._lane.put(self._round, key=_WORK)
            self._stop_waiting()

    def close(self) -> None:
        """Nobody waits any more."""
        self._is_closed = True
        self._stop_waiting()

    def tell(self) -> None:
        """Tell what is new and was not told yet."""
        self._lane.put(self._tell, key="tickets.tell")

    def sync(self, wait_s: float = 0.0) -> bool:
        """Take in all that changed; whether anything did. Raises DeskError, OSError."""
        desk, changed = self._desk(), set[str]()
        for _ in range(_MOST_PAGES):
            cursor = self._cache.cursor()
            found = signed_in(partial(desk.changes, cursor, wait_s), self._sign_in)
            if found is None:
                break
            wait_s = 0.0
            changed.update(ticket.id for ticket in found.tickets)
            is_taken_in = self._cache.apply(found, cursor, self._told.knows)
            if is_taken_in and (not found.has_more or found.cursor == cursor):
                break
        self._begin_telling()
        if changed:
            self._on_event(TicketsChanged(tuple(sorted(changed))))
        return bool(changed)

    def note_told(self, notice: Notice) -> None:
        """It was shown: it never comes again. Raises OSError where that cannot be kept."""
        self._told.note(notice.keys)
        self._cache.forget_news(key for key, _ in notice.keys)

    # on the lane

    def _round(self) -> None:
        """Ask once, tell what is new, and put the next round on the lane."""
        delay_s = LAST_RETRY_S  # should it raise a fault of ours
        self._is_wanted = self._is_hurried = False
        try:
            delay_s = self._ask()
            self._tell()
        finally:
            if self._is_hurried:
                self._rhythm.hurry()
            if self._is_hurried or (self._is_wanted and not self._is_held):
                delay_s = 0.0
            if not self._is_closed:
                self._lane.put(self._round, key=_WORK, delay_s=delay_s)

    def _ask(self) -> float:
        """Seconds until the next question."""
        began_at, self._is_held = self._clock(), True
        try:
            self._asked = self._desk()
            if self._is_closed:
                return 0.0
            if self._stranger_answered:
                self._asked.probe()
            is_news = self.sync(self._rhythm.wait_s)
        except DeskError as error:
            self._stranger_answered = isinstance(error, NotOurServer)
            return self._rhythm.failed(error)
        except OSError as error:
            return self._rhythm.failed(LocalFault(faults.local_trouble(error)))
        finally:
            self._asked = None
        self._is_held = self._stranger_answered = False
        self._refresh_desk()
        return self._rhythm.answered(self._clock() - began_at, is_news=is_news, is_resting=not self._is_any_open())

    def _is_any_open(self) -> bool:
        with suppress(OSError):
            return any(status is not Status.CLOSED for status in self._cache.counts())
        return True

    def _stop_waiting(self) -> None:
        asked = self._asked
        if asked is not None:
            asked.stop_waiting()

    def _begin_telling(self) -> None:
        """Where it is not known any more what was told: count all as told but what happened lately.

        By the desk's clock, and before the last thing that happened: nothing is asked of this machine's.
        """
        if not self._told.has_begun():
            news = self._cache.news()
            since = max((each.at for each in news), default=None)
            self._told.begin(since - _STILL_TOLD if since else NEVER)
            self._cache.forget_news([each.key for each in news if self._told.knows(each.key, each.at)], is_seen=True)

    def _tell(self) -> None:
        with suppress(OSError):
            self._tell_of_tickets()
        self._tell_of_outages()

    def _tell_of_tickets(self) -> None:
        news = [each for each in self._cache.news() if each.key not in self._handed_over]
        for ticket_id, several in groupby(sorted(news, key=_owner), key=_owner):
            found = list(several)
            fresh = [each for each in found if not self._told.knows(each.key, each.at)]
            ticket = self._cache.ticket(ticket_id)
            notice = notice_of(ticket, fresh) if ticket and fresh else None
            if notice:
                self._handed_over.update(each.key for each in found)
                self._on_event(notice)
            else:  # told before the cache was lost, or not so any more
                self._told.note((each.key, each.at) for each in fresh)
                self._cache.forget_news(each.key for each in found)

    def _tell_of_outages(self) -> None:
        info = self._desk_info()
        for incident in info.incidents if info and self._told.has_begun() else ():
            key, at = f"incident/{incident.id}", _time(incident.since)
            if key not in self._handed_over and not self._told.knows(key, at):
                self._handed_over.add(key)
                self._on_event(Notice(NoticeKind.OUTAGE, ((key, at),), incident=incident))


def _owner(news: News) -> str:
    return news.ticket_id


def _time(text: str) -> datetime:
    """When an incident began; long ago where the desk says nothing that can be read, so that its key alone counts."""
    with suppress(ValueError):
        return datetime.fromisoformat(text).astimezone(UTC)
    return datetime.max.replace(tzinfo=UTC)
