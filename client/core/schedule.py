"""When which waiting entry is tried: one at a time, none held up by another ticket's, and no desk asked too often.

Kept in memory alone: to lose it costs a try too early.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from client.core.errors import DeskError, LocalFault, NotOurServer, Problem, ServerFault, Throttled, Unanswered

FIRST_RETRY_S = 2.0
LAST_RETRY_S = 300.0
_FAULTS_THAT_HOLD = 3  # so many entries failing in a row: it is the desk, not the entry


@dataclass(slots=True)
class Turn:
    """What is remembered of one waiting entry."""

    ticket: str  # the report whose ticket it belongs to
    attempts: int = 0
    next_at: float = 0.0
    found_taken: int = 0  # so often another process, or the draft itself, had it
    may_have_begun: bool = False  # the desk may have a part of it
    is_last: bool = False  # an attempt with it ended a process before: the others go first


@dataclass(slots=True)
class _Hold:
    """The way to the desk is closed until `until` (monotonic seconds)."""

    error: DeskError
    until: float
    attempts: int


class Schedule:
    """The turns of waiting entries.

    What is wrong with the way to the desk holds all of them and is tried with one; what is wrong with one entry delays
    that one alone, and what was done to the same ticket after it: of a ticket the report goes first, then operations
    in the order they were made. Times are seconds of `clock`, which must be monotonic; `chance` gives 0 to 1.
    """

    def __init__(self, clock: Callable[[], float], chance: Callable[[], float]) -> None:
        self._clock = clock
        self._chance = chance
        self._turns: dict[str, Turn] = {}
        self._hold: _Hold | None = None
        self._faults_in_row = 0

    def __len__(self) -> int:
        return len(self._turns)

    def __getitem__(self, entry_id: str) -> Turn:
        return self._turns[entry_id]

    def note_waiting(self, entry_ids: Collection[str], ticket_of: Callable[[str], str] = str) -> set[str]:
        """These entries wait now, the oldest first; return those that waited before and do no more.

        `ticket_of` is asked once for each: the id of the report that an entry belongs to, its own where it is one.
        """
        before = self._turns
        self._turns = {each: before.get(each) or Turn(ticket_of(each)) for each in entry_ids}
        return before.keys() - self._turns.keys()

    def remove(self, entry_id: str) -> None:
        """It waits no more."""
        self._turns.pop(entry_id, None)

    def ask_for_taken(self) -> None:
        """What somebody else had a moment ago may be free by now."""
        for turn in self._turns.values():
            if turn.attempts == 0:
                turn.next_at = 0.0

    def clear(self) -> None:
        """The user asks for a try: everything is due, unless the desk itself asked for patience."""
        self._turns.clear()
        if self._hold and not isinstance(self._hold.error, Throttled):
            self._hold = None

    def hold(self) -> Problem | None:
        """What is wrong with the way to the desk, None where nothing is known to be."""
        return self._hold.error.problem if self._hold else None

    def is_held_by_stranger(self) -> bool:
        """Whether something that is not the desk answered the last time."""
        return self._hold is not None and isinstance(self._hold.error, NotOurServer)

    def next_due(self) -> str | None:
        """The entry to try now: the one tried least, so that none holds up another; of those the newest.

        Its user may be looking at it.
        """
        now = self._clock()
        if self._hold and now < self._hold.until:
            if isinstance(self._hold.error, Throttled):
                return None
            # What was never tried may try the way, so that its user hears at once how things stand.
            due = [entry_id for entry_id, turn in self._first_of_each() if turn.attempts == 0 and turn.next_at <= now]
        else:
            due = [entry_id for entry_id, turn in self._first_of_each() if turn.next_at <= now]
        return min(reversed(due), key=self._place_in_line, default=None)

    def wake_at(self) -> float | None:
        """When the next is due; None where nothing waits."""
        if not self._turns:
            return None
        soonest = min(turn.next_at for _, turn in self._first_of_each())
        return max(soonest, self._hold.until) if self._hold else soonest

    def taken(self, entry_id: str) -> None:
        """Another process is sending it, or its draft has not let go yet."""
        turn = self._turns[entry_id]
        turn.found_taken += 1
        turn.next_at = self._clock() + back_off(turn.found_taken, self._chance)

    def arrived(self) -> None:
        """The desk has answered well."""
        self._hold = None
        self._faults_in_row = 0

    def again_later(self, entry_id: str) -> None:
        """Something local failed; the way is open."""
        turn = self._turns[entry_id]
        turn.next_at = self._clock() + back_off(turn.attempts, self._chance)

    def postpone(self, entry_id: str, error: DeskError) -> list[str]:
        """An attempt failed: say when the next is; return the entries that wait because of it."""
        now = self._clock()
        turn = self._turns[entry_id]
        turn.next_at = now + back_off(turn.attempts, self._chance)
        if isinstance(error, (Unanswered, ServerFault)):
            self._faults_in_row += 1
            turn.may_have_begun = True
        is_its_own = isinstance(error, (Unanswered, ServerFault, LocalFault))
        if is_its_own and (self._faults_in_row < _FAULTS_THAT_HOLD or isinstance(error, LocalFault)):
            return [entry_id]
        turn.next_at = now  # the hold alone decides
        return [entry_id, *self._close_the_way(error, now)]

    def _close_the_way(self, error: DeskError, now: float) -> list[str]:
        """Hold everything; return the entries that had not been tried yet, which now wait too."""
        is_held = self._hold is not None and now < self._hold.until
        attempts = self._hold.attempts + (not is_held) if self._hold else 1
        if isinstance(error, Throttled):
            until = now + max(error.retry_after_s, back_off(attempts, self._chance)) + self._chance()
        elif self._hold and is_held:
            until = self._hold.until  # a new entry tried the way early: the rhythm stays
        else:
            until = now + back_off(attempts, self._chance)
        self._hold = _Hold(error, until, attempts)
        untold = [entry_id for entry_id, turn in self._turns.items() if turn.attempts == 0]
        for entry_id in untold:
            self._turns[entry_id].attempts = 1
        return untold

    def _first_of_each(self) -> list[tuple[str, Turn]]:
        """Of each ticket the entry whose turn it is."""
        first: dict[str, str] = {}
        for entry_id, turn in self._turns.items():
            if turn.ticket not in first or turn.ticket == entry_id:
                first[turn.ticket] = entry_id
        return [(entry_id, self._turns[entry_id]) for entry_id in first.values()]

    def _place_in_line(self, entry_id: str) -> tuple[bool, int]:
        turn = self._turns[entry_id]
        return turn.is_last, turn.attempts


def back_off(attempts: int, chance: Callable[[], float]) -> float:
    """Seconds before the next attempt: doubling, capped, a quarter more or less."""
    plain = min(FIRST_RETRY_S * 2 ** min(attempts - 1, 20), LAST_RETRY_S)
    return float(plain * (0.75 + chance() / 2))
