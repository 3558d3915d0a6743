"""A client process without a process: the real core as the program puts it together, on lanes that go by fake time.

It can be killed in the middle of whatever it does; then nothing is left of it but the disk.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from client import assembly
from client.core.draft import Draft
from client.core.events import Event
from client.core.lane import Job
from client.core.paths import paths
from client.core.settings import load
from tests.faults.machine.storage import Killed, Storage

T = TypeVar("T")


@dataclass
class Time:
    """Monotonic seconds that pass only when told; jobs of equal time run in the order in which they were put."""

    now: float = 1000.0
    serial: int = 0

    def next_serial(self) -> int:
        self.serial += 1
        return self.serial


@dataclass(order=True, slots=True)
class Due:
    at: float
    serial: int
    key: str | None = field(compare=False)
    job: Job = field(compare=False)


class Lane:
    """Keeps jobs until somebody runs them."""

    def __init__(self, time: Time) -> None:
        self.jobs: list[Due] = []
        self._time = time

    def put(self, job: Job, *, key: str | None = None, delay_s: float = 0.0) -> None:
        if key is not None:
            self.drop(key)
        self.jobs.append(Due(self._time.now + delay_s, self._time.next_serial(), key, job))

    def drop(self, key: str) -> None:
        self.jobs = [each for each in self.jobs if each.key != key]

    def close(self, timeout_s: float = 0.0) -> None:
        self.jobs.clear()


class Process:
    """`hear` is told each event that its user would see; `crashes` holds what a lane had to catch."""

    def __init__(
        self, profile: Path, time: Time, storage: Storage, hear: Callable[[Process, Event], None], crashes: list[str]
    ) -> None:
        self.profile = profile
        self.is_dead = False
        self.is_busy = False  # in the middle of something: what it holds locked would be waited for in vain
        self.locks: set[int] = set()
        self.draft: Draft | None = None
        self._time = time
        self._storage = storage
        self._hear = hear
        self._crashes = crashes
        self.sending, self.reading = Lane(time), Lane(time)
        self.local = (Lane(time), Lane(time), Lane(time), Lane(time))
        disk, collecting, *encoders = self.local
        lanes = assembly.Lanes(self.sending, self.reading, disk, collecting, tuple(encoders))
        places = paths(profile)
        settings = load(places.machine_config, places.user_config)
        self.engine = assembly.assemble(places, settings, lanes, self._told, clock=lambda: time.now)
        self.act(self.engine.start)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        return (self.sending, self.reading, *self.local)

    def act(self, call: Callable[[], T]) -> T | None:
        """Do something in this process; None where it ends in it."""
        if self.is_dead:
            return None
        self._storage.running = self
        was_busy, self.is_busy = self.is_busy, True
        try:
            return call()
        except Killed:
            return None
        finally:
            self.is_busy = was_busy
            self._storage.running = None
            if self.is_dead:
                self.die()

    def run(self, lane: Lane) -> None:
        """The job of a lane that is due first, if one is."""
        due = min(lane.jobs, default=None)
        if due is None or due.at > self._time.now:
            return
        lane.jobs.remove(due)
        self.act(lambda: self._guarded(due.job))

    def run_local(self) -> None:
        """Everything but sending and reading, until there is nothing left to do."""
        while lane := next((each for each in self.local if each.jobs and not self.is_dead), None):
            self.run(lane)

    def die(self) -> None:
        """The end, at any moment: what the operating system does is done, the rest is not."""
        self.is_dead = True
        for handle in self.locks:
            os.close(handle)
        self.locks.clear()
        for lane in self.lanes:
            lane.jobs.clear()
        self.draft = None

    def _guarded(self, job: Job) -> None:
        try:
            job()
        except Exception as error:  # as a lane does
            self._crashes.append("".join(traceback.format_exception(error)))

    def _told(self, event: Event) -> None:
        if self.is_dead:
            raise Killed
        self._hear(self, event)
