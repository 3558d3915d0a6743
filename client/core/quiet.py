"""Work that waits until other work has ended."""

from __future__ import annotations

import threading

from client.core.lane import Job, Jobs


class Quiet:
    """Counts what is under way, from any thread, and puts one job on `lane` as soon as nothing is."""

    def __init__(self, lane: Jobs) -> None:
        self._lane = lane
        self._lock = threading.Lock()
        self._under_way = 0
        self._waiting: Job | None = None

    def begin(self) -> None:
        """Something is under way; `end` follows."""
        with self._lock:
            self._under_way += 1

    def end(self) -> None:
        """It ended, well or not."""
        with self._lock:
            self._under_way -= 1
        self._run(None)

    def once(self, job: Job) -> None:
        """Run `job`, in place of one asked for before, when nothing else is under way; once."""
        self._run(job)

    def _run(self, job: Job | None) -> None:
        with self._lock:
            self._waiting = job or self._waiting
            if self._under_way or self._waiting is None:
                return
            ready, self._waiting = self._waiting, None
        self._lane.put(ready)
