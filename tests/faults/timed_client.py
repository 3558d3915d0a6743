"""The real client core in this process, on a clock of its own: hours pass at once, and nothing runs beside the test."""

from __future__ import annotations

from pathlib import Path

from client.assembly import Lanes
from client.core.lane import Inline, OnCrash
from tests.core.workshop import Clockwork
from tests.faults.cases import Case
from tests.faults.ledger import Ledger
from tests.faults.worker import Worker

HOUR_S = 3600.0


class TimedClient:
    """`clockwork` is its time, `said` what the worker says. What a lane's job raises, the caller gets."""

    def __init__(self, profile: Path, ledger: Ledger, clockwork: Clockwork | None = None) -> None:
        self.profile = profile
        self.clockwork = clockwork or Clockwork()
        self.said: list[str] = []
        self._files = profile.with_name(f"{profile.name}-files")
        self._files.mkdir(exist_ok=True)
        self._worker = Worker(profile, ledger, self.said.append, lanes=self._lanes, clock=lambda: self.clockwork.now)
        self.engine = self._worker.engine

    def start(self) -> None:
        """As the program starts; what it does waits for time to pass."""
        self._worker.start()

    def report(self, one: Case, *, restores: bool = False) -> str:
        """Make and send a report, of an unsent draft where it `restores`; it is delivered when time passes. Its id."""
        return self._worker.make(one, self._files, restores=restores)

    def leave_draft(self, one: Case) -> str:
        """Begin a report whose panel stays open. Its id."""
        return self._worker.begin_and_leave(one, self._files, puts_aside=False)

    def deliver(self, within_s: float) -> bool:
        """Let time pass until nothing waits, at most so long; whether nothing does."""
        end = self.clockwork.now + within_s
        self.engine.look()
        self.clockwork.run_due()
        while self.engine.spool.waiting() and self.clockwork.now < end:
            self.clockwork.pass_by(min(10.0, end - self.clockwork.now))
        return not self.engine.spool.waiting()

    def _lanes(self, _on_crash: OnCrash) -> Lanes:
        inline = Inline()
        return Lanes(self.clockwork, self.clockwork, inline, inline, (inline,))
