"""Delivers what lies in the outbox, each report once, whatever happens in between.

All work is done on one lane. A report ends in sent/ with a receipt, or in attention/ with a reason; until then it is
tried again. What is wrong with the way to the desk holds all of them and is tried with one; what is wrong with one
report delays that one alone.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from client.core import faults
from client.core.desk import Desk
from client.core.errors import (
    DeskError,
    LocalFault,
    NotOurServer,
    Problem,
    Rejected,
    ServerFault,
    SignInNeeded,
    Throttled,
    Unanswered,
)
from client.core.events import Accepted, Delivered, Listener, NeedsAttention, OutboxChanged, Waiting
from client.core.lane import Jobs
from client.core.models import Receipt
from client.core.spool import Damaged, Entry, Spool
from client.core.words import _

KEEP_SENT_S = 7 * 24 * 3600.0  # pictures of delivered reports, in case the server is restored from a backup
FIRST_RETRY_S = 2.0
LAST_RETRY_S = 300.0
_FAULTS_THAT_HOLD = 3  # so many reports failing in a row: it is the desk, not the report
_WORK = "outbox.work"


@dataclass(slots=True)
class _Try:
    """What is remembered of one waiting report; losing it costs nothing but a try."""

    attempts: int = 0
    next_at: float = 0.0
    found_taken: int = 0  # so often another process, or the draft itself, had it
    is_last: bool = False  # an attempt with it ended a process before: the others go first


@dataclass(slots=True)
class _Hold:
    """The way to the desk is closed until `until` (monotonic seconds)."""

    error: DeskError
    until: float
    attempts: int


class Outbox:
    """Sends saved reports. `start`, `look` and `send_now` return at once.

    `desk` gives the desk when something is to be sent, or raises DeskError where there is none; `sign_in` makes this
    device known to it.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        desk: Callable[[], Desk],
        sign_in: Callable[[], None],
        lane: Jobs,
        on_event: Listener,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._spool = spool
        self._desk = desk
        self._sign_in = sign_in
        self._lane = lane
        self._on_event = on_event
        self._clock = clock
        self._chance = chance
        self._tries: dict[str, _Try] = {}
        self._hold: _Hold | None = None
        self._faults_in_row = 0
        self._state = OutboxChanged(0, 0, False)

    def start(self) -> None:
        """Tidy up after earlier days, then send what waits."""
        self._lane.put(self._start)

    def look(self) -> None:
        """Something new may lie in the outbox, from this process or another."""
        self._lane.put(self._look, key=_WORK)

    def send_now(self) -> None:
        """The user asks: try everything again, also what needed attention."""
        self._lane.put(self._retry_all, key="outbox.retry")

    def state(self) -> OutboxChanged:
        """As last told. Safe from any thread."""
        return self._state

    def _start(self) -> None:
        with suppress(OSError):
            self._spool.prepare()
        self._expire()
        self._look()

    def _expire(self) -> None:
        with suppress(OSError):
            self._spool.expire_sent(KEEP_SENT_S)

    def _look(self) -> None:
        for one in self._tries.values():
            if one.attempts == 0:
                one.next_at = 0.0  # it was taken a moment ago; whoever calls may have just let it go
        self._work()

    def _retry_all(self) -> None:
        for report_id in self._spool.needing_attention():
            claim = self._spool.claim(report_id)
            if claim:
                with claim, suppress(FileNotFoundError):  # another process was faster
                    self._spool.release(report_id)
        self._tries.clear()
        if self._hold and not isinstance(self._hold.error, Throttled):
            self._hold = None
        self._work()

    def _work(self) -> None:
        """Send whatever is due, then sleep exactly until the next is."""
        wake_at: float | None = self._clock() + LAST_RETRY_S  # should the spool itself be unreadable
        try:
            self._scan()
            while (report_id := self._next_due()) is not None:
                self._tell(is_sending=True)
                self._send(report_id)
                if self._next_due() is None:
                    self._scan()  # what was saved meanwhile
            self._tell(is_sending=False)
            wake_at = self._wake_at()
        finally:
            if wake_at is not None:
                self._lane.put(self._work, key=_WORK, delay_s=max(0.0, wake_at - self._clock()))

    def _scan(self) -> None:
        before, waiting = self._tries, self._spool.waiting()
        self._tries = {report_id: before.get(report_id) or _Try() for report_id in waiting}
        for report_id in before.keys() - self._tries.keys():
            self._tell_where_it_went(report_id)

    def _tell_where_it_went(self, report_id: str) -> None:
        """Another process finished a report that we knew: whoever shows it here must hear of it, too."""
        receipt = self._spool.sent_receipt(report_id)
        problem = None if receipt else self._spool.problem(report_id)
        if receipt:
            self._on_event(Delivered(report_id, receipt))
        elif problem:
            self._on_event(NeedsAttention(report_id, problem))

    def _next_due(self) -> str | None:
        """The report to try now: the one tried least, so that none holds up another; of those the newest.

        Its user may be looking at it.
        """
        now = self._clock()
        if self._hold and now < self._hold.until:
            if isinstance(self._hold.error, Throttled):
                return None
            # A report that was never tried may try the way, so that its user hears at once how things stand.
            due = [report_id for report_id, one in self._tries.items() if one.attempts == 0 and one.next_at <= now]
        else:
            due = [report_id for report_id, one in self._tries.items() if one.next_at <= now]
        return min(reversed(due), key=self._place_in_line, default=None)

    def _place_in_line(self, report_id: str) -> tuple[bool, int]:
        one = self._tries[report_id]
        return one.is_last, one.attempts

    def _wake_at(self) -> float | None:
        if not self._tries:
            return None
        soonest = min(one.next_at for one in self._tries.values())
        return max(soonest, self._hold.until) if self._hold else soonest

    def _send(self, report_id: str) -> None:
        one = self._tries[report_id]
        claim = self._spool.claim(report_id)
        if claim is None:  # another process is sending it, or its draft has not let go yet
            one.found_taken += 1
            one.next_at = self._clock() + self._back_off(one.found_taken)
            return
        is_gone = False
        try:
            if claim.crashes and not one.is_last:
                one.is_last = True
                return
            one.attempts += 1
            claim.begin()
            is_gone = self._try(report_id)
            claim.end()
        except Exception as error:  # a fault of ours: this report waits, the others go on, the lane reports it
            claim.end()
            self._postpone(report_id, LocalFault(faults.local_trouble(error)))
            raise
        finally:
            claim.release(remove=is_gone)
            if is_gone:
                self._tries.pop(report_id, None)

    def _try(self, report_id: str) -> bool:
        """One attempt; True when the report has left the outbox."""
        try:
            entry = self._spool.load(report_id)
            receipt = self._spool.receipt(entry)
            if receipt is None or not receipt.is_complete:
                receipt = self._deliver(entry)
        except FileNotFoundError:  # another process was faster
            self._tell_where_it_went(report_id)
            return True
        except Damaged as error:
            return self._park(report_id, faults.damaged(str(error)))
        except Rejected as error:
            return self._park(report_id, error.problem)
        except DeskError as error:
            self._postpone(report_id, error)
            return False
        except OSError as error:
            self._postpone(report_id, LocalFault(faults.local_trouble(error)))
            return False
        self._hold = None
        self._faults_in_row = 0
        try:
            self._spool.finish(entry, receipt)
        except OSError:  # the desk has it; the proof is written when the disk lets us
            self._tries[report_id].next_at = self._clock() + self._back_off(self._tries[report_id].attempts)
            return False
        self._on_event(Delivered(report_id, receipt))
        self._lane.put(self._expire, key="outbox.expire", delay_s=KEEP_SENT_S)
        return True

    def _deliver(self, entry: Entry) -> Receipt:
        """Ticket first, attachments after it; every answer must name this very report."""
        desk, report_id = self._desk(), entry.report.report_id
        if self._hold and isinstance(self._hold.error, NotOurServer):
            desk.probe()  # not a byte of a report to whoever answered last time
        receipt = self._signed_in(entry, lambda: desk.submit(report_id, entry.manifest))
        self._on_event(Accepted(report_id, receipt))
        left_out: Damaged | Rejected | None = None
        by_sha256 = {item.sha256: item for item in entry.report.attachments}
        for sha256 in receipt.missing:
            try:
                data = entry.blob(by_sha256[sha256])
                receipt = self._signed_in(entry, partial(desk.attach, report_id, by_sha256[sha256], data))
            except (Damaged, Rejected) as error:  # the rest still goes
                if isinstance(error, Rejected) and error.problem.code == "digest_differs":
                    raise Unanswered(faults.cut_off()) from error  # damaged on the way, not here
                left_out = error
        if left_out:
            reason = left_out.problem.title if isinstance(left_out, Rejected) else _("it was damaged on this PC")
            raise Rejected(faults.left_out(receipt.ticket_number, reason)) from left_out
        if not receipt.is_complete:
            raise Unanswered(faults.cut_off())
        return receipt

    def _signed_in(self, entry: Entry, call: Callable[[], Receipt]) -> Receipt:
        """`call`, after enrolling silently where the desk does not know this device; once."""
        try:
            receipt = call()
        except SignInNeeded as error:
            if error.problem.code != "sign_in":
                raise
            self._sign_in()
            receipt = call()
        if receipt.report_id != entry.report.report_id or receipt.manifest_sha256 != entry.manifest_sha256:
            raise NotOurServer(faults.stranger())
        if not set(receipt.missing) <= {item.sha256 for item in entry.report.attachments}:
            raise NotOurServer(faults.stranger())
        return receipt

    def _postpone(self, report_id: str, error: DeskError) -> None:
        now = self._clock()
        one = self._tries[report_id]
        one.next_at = now + self._back_off(one.attempts)
        told = [report_id]
        if isinstance(error, (Unanswered, ServerFault)):
            self._faults_in_row += 1
        is_its_own = isinstance(error, (Unanswered, ServerFault, LocalFault))
        if not is_its_own or (self._faults_in_row >= _FAULTS_THAT_HOLD and not isinstance(error, LocalFault)):
            one.next_at = now  # the hold alone decides
            told += self._close_the_way(error, now)
        for each in told:
            self._on_event(Waiting(each, error.problem))

    def _close_the_way(self, error: DeskError, now: float) -> list[str]:
        """Hold everything; return the reports that had not been tried yet, which now wait too."""
        is_held = self._hold is not None and now < self._hold.until
        attempts = self._hold.attempts + (not is_held) if self._hold else 1
        if isinstance(error, Throttled):
            until = now + max(error.retry_after_s, self._back_off(attempts)) + self._chance()
        elif self._hold and is_held:
            until = self._hold.until  # a new report tried the way early: the rhythm stays
        else:
            until = now + self._back_off(attempts)
        self._hold = _Hold(error, until, attempts)
        untold = [report_id for report_id, one in self._tries.items() if one.attempts == 0]
        for report_id in untold:
            self._tries[report_id].attempts = 1
        return untold

    def _back_off(self, attempts: int) -> float:
        """Seconds before the next attempt: doubling, capped, a quarter more or less."""
        plain = min(FIRST_RETRY_S * 2 ** min(attempts - 1, 20), LAST_RETRY_S)
        return float(plain * (0.75 + self._chance() / 2))

    def _park(self, report_id: str, problem: Problem) -> bool:
        try:
            self._spool.park(report_id, problem)
        except OSError as error:
            self._postpone(report_id, LocalFault(faults.local_trouble(error)))
            return False
        self._on_event(NeedsAttention(report_id, problem))
        return True

    def _tell(self, *, is_sending: bool) -> None:
        waiting = len(self._tries)
        state = OutboxChanged(
            waiting=waiting,
            attention=len(self._spool.needing_attention()),
            is_sending=is_sending and waiting > 0,
            hold=self._hold.error.problem if self._hold and waiting else None,
        )
        if state != self._state:
            self._state = state
            self._on_event(state)
