"""Does harm at random: kills, cuts, stops, sets clocks wrong, fills the disk; and puts right again what it did."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.soaking.way import Way
from tests.faults.wall_clock import WallClock

YEARS_50 = 50 * 365 * 24 * 3600
Span = tuple[float, float]  # seconds, from … to


@dataclass(frozen=True, slots=True)
class Harm:
    """Something that was done, from when to when, in seconds since the run began."""

    what: str
    t_s: float
    until_s: float


@dataclass(frozen=True, slots=True)
class Victims:
    """What the nemesis may lay hands on. `kill_…` end a program and start it again after so many seconds."""

    way: Way
    small_disk: Path
    clocks: tuple[WallClock, ...]
    stoppable: Callable[[], Mapping[str, int]]  # process ids by name
    kill_client: Callable[[float], Awaitable[None]]
    kill_server: Callable[[float], Awaitable[None]]


@dataclass
class Nemesis:
    """One harm after another, each with a pause after it; several may overlap."""

    victims: Victims
    chance: random.Random
    began: float  # monotonic
    done: list[Harm] = field(default_factory=list)
    _serial: Iterator[int] = field(default_factory=itertools.count)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def work(self, until: float, pause_s: float) -> None:
        """Do harm until then (monotonic); on return all of it is over."""
        kinds = (
            *(self._kill_client, self._kill_client, self._kill_server, self._cut_all, self._cut_some),
            *(self._close_way, self._wrong_clock, self._fill_disk, self._stop),
        )
        while time.monotonic() < until:
            task = asyncio.create_task(self.chance.choice(kinds)())
            self._under_way.add(task)
            await asyncio.sleep(self.chance.expovariate(1 / pause_s))
        ended = await asyncio.gather(*self._under_way, return_exceptions=True)
        self.victims.way.cutting = 0
        for error in filter(None, ended):
            raise error

    def counts(self) -> dict[str, int]:
        """How often it did what."""
        found: dict[str, int] = {}
        for harm in self.done:
            found[harm.what] = found.get(harm.what, 0) + 1
        return dict(sorted(found.items()))

    @contextlib.contextmanager
    def _harm(self, what: str) -> Iterator[None]:
        began = time.monotonic() - self.began
        try:
            yield
        finally:
            self.done.append(Harm(what, round(began, 1), round(time.monotonic() - self.began, 1)))

    async def _for(self, span: Span) -> None:
        await asyncio.sleep(self.chance.uniform(*span))

    async def _kill_client(self) -> None:
        with self._harm("client killed"):
            await self.victims.kill_client(self.chance.uniform(0, 3))

    async def _kill_server(self) -> None:
        with self._harm("server killed"):
            await self.victims.kill_server(self.chance.uniform(0, 4))

    async def _cut_all(self) -> None:
        with self._harm("connections cut"):
            self.victims.way.cut()

    async def _cut_some(self) -> None:
        with self._harm("connections cut"):
            self.victims.way.cutting += self.chance.randrange(1, 8)

    async def _close_way(self) -> None:
        with self._harm("no connection"):
            self.victims.way.is_closed = True
            self.victims.way.cut()
            await self._for((1, 12))
            self.victims.way.is_closed = False

    async def _wrong_clock(self) -> None:
        with self._harm("clock jump"):
            clock = self.chance.choice(self.victims.clocks)
            clock.set_ahead(self.chance.choice([1, -1]) * self.chance.choice([3600, 86400, 400 * 86400, YEARS_50]))
            await self._for((2, 20))
            clock.set_ahead(0)

    async def _fill_disk(self) -> None:
        with self._harm("disk full"):
            ballast = self.victims.small_disk / f"ballast-{next(self._serial)}"
            await asyncio.to_thread(_fill, ballast)
            await self._for((2, 12))
            ballast.unlink()

    async def _stop(self) -> None:
        with self._harm("process stopped"):
            running = self.victims.stoppable()
            process_id = running[self.chance.choice(sorted(running))]
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGSTOP)
                await self._for((0.5, 6))
                os.kill(process_id, signal.SIGCONT)


def _fill(ballast: Path) -> None:
    """Leave not a byte on the disk of `ballast`."""
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1024 * 1024))
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(512))
