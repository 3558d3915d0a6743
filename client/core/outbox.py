"""Delivers what lies in the outbox, each entry once, whatever happens in between.

All work is done on one lane. An entry, be it a report or an operation, ends in sent/ with a receipt, or in attention/
with a reason; until then it is tried again, when the schedule says so.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from client.core import faults
from client.core.claim import Claim
from client.core.delivery import Delivery
from client.core.desk import Desk
from client.core.durable import drop_abandoned
from client.core.entry import Damaged, Entry
from client.core.errors import DeskError, LocalFault, Problem, Rejected
from client.core.events import Delivered, Listener, NeedsAttention, OutboxChanged, Waiting
from client.core.lane import Jobs
from client.core.models import Receipt
from client.core.schedule import LAST_RETRY_S, Schedule
from client.core.spool import Spool

KEEP_SENT_S = 7 * 24 * 3600.0  # blobs of what was delivered, in case the server is restored from a backup
_WORK = "outbox.work"


class _Unreadable(Exception):
    """The spool cannot be listed now. What was saved in it is no worse for that."""


class Outbox:
    """Sends what is saved. `start`, `look` and `send_now` return at once.

    `desk` gives the desk when something is to be sent, or raises DeskError where there is none; `sign_in` makes this
    device known to it. `tidied` are folders beside the spool in which a killed process may have left something.
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
        tidied: Sequence[Path] = (),
    ) -> None:
        self._spool = spool
        self._tidied = tidied
        self._delivery = Delivery(desk, sign_in, on_event)
        self._lane = lane
        self._on_event = on_event
        self._clock = clock
        self._schedule = Schedule(clock, chance)
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
        with suppress(OSError):
            self._spool.drop_old_locks()
        for folder in self._tidied:
            drop_abandoned(folder)
        self._expire()
        self._take_up_again()
        self._look()

    def _expire(self) -> None:
        with suppress(OSError):
            self._spool.expire_sent(KEEP_SENT_S)

    def _look(self) -> None:
        self._schedule.ask_for_taken()  # whoever calls may have just let it go
        self._work()

    def _take_up_again(self) -> None:
        """What an older version did not understand and set aside as damaged is whole to this one."""
        with suppress(OSError):
            for entry_id in self._spool.needing_attention():
                problem = self._spool.problem(entry_id)
                if problem and problem.code == faults.DAMAGED and self._spool.is_whole(entry_id):
                    self._release(entry_id)

    def _retry_all(self) -> None:
        for entry_id in self._spool.needing_attention():
            self._release(entry_id)
        self._schedule.clear()
        self._work()

    def _release(self, entry_id: str) -> None:
        with suppress(OSError):  # another process was faster, or the disk is in the way: it stays where it is
            claim = self._spool.claim(entry_id)
            if claim:
                with claim:
                    self._spool.release(entry_id)

    def _work(self) -> None:
        """Send whatever is due, then sleep exactly until the next is."""
        wake_at: float | None = self._clock() + LAST_RETRY_S  # should looking raise a fault of ours
        try:
            self._scan()
            while (entry_id := self._schedule.next_due()) is not None:
                self._tell(is_sending=True)
                wake_at = self._clock()  # should it raise a fault of ours: the others go on at once
                self._send(entry_id)
                if self._schedule.next_due() is None:
                    self._scan()  # what was saved meanwhile
            self._tell(is_sending=False)
            wake_at = self._schedule.wake_at()
        except _Unreadable:
            wake_at = self._clock() + LAST_RETRY_S
        finally:
            if wake_at is not None:
                self._lane.put(self._work, key=_WORK, delay_s=max(0.0, wake_at - self._clock()))

    def _scan(self) -> None:
        for entry_id in self._schedule.note_waiting(_listed(self._spool.waiting), self._spool.ticket_of):
            self._tell_where_it_went(entry_id)

    def _tell_where_it_went(self, entry_id: str) -> None:
        """Another process finished what we knew: whoever shows it here must hear of it, too."""
        receipt = self._spool.sent_receipt(entry_id)
        problem = None if receipt else self._spool.problem(entry_id)
        if receipt:
            self._on_event(Delivered(entry_id, receipt))
        elif problem:
            self._on_event(NeedsAttention(entry_id, problem))

    def _send(self, entry_id: str) -> None:
        try:
            claim = self._spool.claim(entry_id)
        except OSError as error:
            self._schedule[entry_id].attempts += 1
            self._postpone(entry_id, LocalFault(faults.local_trouble(error)))
            return
        if claim is None:
            self._schedule.taken(entry_id)
            return
        is_gone = False
        try:
            is_gone = self._attempt(entry_id, claim)
        finally:
            claim.release(remove=is_gone)
            if is_gone:
                self._schedule.remove(entry_id)

    def _attempt(self, entry_id: str, claim: Claim) -> bool:
        """One attempt, which the next process hears of if this one ends in it; True when the entry is gone."""
        turn = self._schedule[entry_id]
        if claim.crashes and not turn.is_last:
            turn.is_last = True
            return False
        turn.attempts += 1
        claim.begin()
        try:
            return self._try(entry_id)
        except Exception as error:  # a fault of ours: this entry waits, the others go on, the lane reports it
            self._postpone(entry_id, LocalFault(faults.local_trouble(error)))
            raise
        finally:
            claim.end()

    def _try(self, entry_id: str) -> bool:
        """True when the entry has left the outbox."""
        try:
            entry = self._spool.load(entry_id)
            receipt = entry.receipt()
            if receipt is None or not receipt.is_complete:
                receipt = self._delivery.deliver(
                    entry,
                    probe_first=self._schedule.is_held_by_stranger(),
                    is_whole=not self._schedule[entry_id].may_have_begun,
                )
        except FileNotFoundError:  # another process was faster
            self._tell_where_it_went(entry_id)
            return True
        except Damaged as error:
            return self._park(entry_id, faults.damaged(str(error)))
        except Rejected as error:
            return self._park(entry_id, error.problem)
        except DeskError as error:
            self._postpone(entry_id, error)
            return False
        except OSError as error:
            self._postpone(entry_id, LocalFault(faults.local_trouble(error)))
            return False
        self._schedule.arrived()
        return self._finish(entry, receipt)

    def _finish(self, entry: Entry, receipt: Receipt) -> bool:
        entry_id = entry.content.id
        try:
            self._spool.finish(entry, receipt)
        except OSError:  # the desk has it; the proof is written when the disk lets us
            self._schedule.again_later(entry_id)
            return False
        self._on_event(Delivered(entry_id, receipt))
        self._lane.put(self._expire, key="outbox.expire", delay_s=KEEP_SENT_S)
        return True

    def _postpone(self, entry_id: str, error: DeskError) -> None:
        for each in self._schedule.postpone(entry_id, error):
            self._on_event(Waiting(each, error.problem))

    def _park(self, entry_id: str, problem: Problem) -> bool:
        try:
            self._spool.park(entry_id, problem)
        except OSError as error:
            self._postpone(entry_id, LocalFault(faults.local_trouble(error)))
            return False
        self._on_event(NeedsAttention(entry_id, problem))
        return True

    def _tell(self, *, is_sending: bool) -> None:
        waiting = len(self._schedule)
        state = OutboxChanged(
            waiting=waiting,
            attention=len(_listed(self._spool.needing_attention)),
            is_sending=is_sending and waiting > 0,
            hold=self._schedule.hold() if waiting else None,
        )
        if state != self._state:
            self._state = state
            self._on_event(state)


def _listed(names: Callable[[], list[str]]) -> list[str]:
    try:
        return names()
    except OSError as error:
        raise _Unreadable from error
