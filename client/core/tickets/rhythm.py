"""When the desk is asked what changed, and how long it may keep its answer back.

A long-poll tells within a second and costs a request a minute. Where something on the way cuts it, it is made shorter,
and at last the desk is asked now and then instead; an hour later the long one is tried again. After whatever happens
to many clients at once, such as a restart of the server, each waits a time of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from client.core.errors import DeskError, Rejected, Throttled, Unanswered
from client.core.schedule import back_off

LONGEST_S = 50.0  # proxies and address translators tend to forget a silent connection after a minute
SHORTEST_S = 6.0  # what is cut before that is no way to wait
POLL_S = 60.0  # between questions, where nothing can be waited for
REST_S = 3600.0  # between questions while all tickets are closed, or where the desk does not tell of tickets
TRY_LONG_S = 3600.0  # so long after a cut the longest wait is tried again
SPREAD_S = 10.0  # within that all clients come back
_HASTE_S = 1.0  # news that come sooner, again and again, are a fault somewhere
_MANY = 4  # of the same in a row is no chance


class Rhythm:
    """Each request is told here when it ends, by `answered` or `failed`; both return the seconds until the next.

    `wait_s` is how long that one may be kept back. Times are seconds of `clock`, which must be monotonic; `chance`
    gives 0 to 1.
    """

    def __init__(self, clock: Callable[[], float], chance: Callable[[], float]) -> None:
        self._clock = clock
        self._chance = chance
        self._longest = LONGEST_S
        self._long_at = 0.0  # when the longest wait may be tried again
        self._failures = 0
        self._hasty = 0  # so many answers in a row came at once
        self._early = 0  # so many waits in a row ended long before their time, without news
        self._may_be_cut = False  # a wait broke off: if the desk answers right after, something on the way did it
        self.wait_s = 0.0  # the first question is answered at once: it says whether the way is open

    def hurry(self) -> None:
        """The next question is to be answered at once: the machine slept, or the network is another."""
        self.wait_s = 0.0
        self._failures = 0
        self._may_be_cut = False

    def answered(self, took_s: float, *, is_news: bool, is_resting: bool) -> float:
        """The desk answered. `is_resting`: no ticket is open, so nothing is urgent."""
        waited_s, self._failures = self.wait_s, 0
        if self._may_be_cut:
            self._shorten()
        if self._longest < LONGEST_S and self._clock() >= self._long_at:
            self._longest = LONGEST_S
        self._hasty = self._hasty + 1 if is_news and took_s < _HASTE_S else 0
        if is_resting:
            self.wait_s = 0.0
            return self._about(REST_S)
        if waited_s and not is_news and took_s < waited_s / 2:  # so a server ends: all clients hear it at once
            self._early += 1
            if self._early == _MANY:  # or something on the way lets nobody wait
                self._shorten()
            self.wait_s = 0.0
            return self._chance() * SPREAD_S
        self._early = 0 if waited_s else self._early
        self.wait_s = self._longest
        if not self._longest:
            return self._about(POLL_S)
        return back_off(self._hasty - _MANY, self._chance) if self._hasty > _MANY else 0.0

    def failed(self, error: DeskError) -> float:
        """The request came to nothing."""
        self._may_be_cut = isinstance(error, Unanswered) and self.wait_s > 0
        self.wait_s = 0.0
        self._failures += 1
        if isinstance(error, Rejected):  # an older server, which does not tell of tickets
            return self._about(REST_S)
        pause_s = back_off(self._failures, self._chance) + self._chance() * SPREAD_S
        return max(error.retry_after_s, pause_s) if isinstance(error, Throttled) else pause_s

    def _shorten(self) -> None:
        self._may_be_cut, self._early = False, 0
        self._longest = self._longest / 2 if self._longest / 2 >= SHORTEST_S else 0.0
        self._long_at = self._clock() + TRY_LONG_S

    def _about(self, seconds: float) -> float:
        """A quarter more or less, so that not all ask at once."""
        return seconds * (0.75 + self._chance() / 2)
