"""Simulated clients that hold a report each while the server is away, and come back when their own schedule says so."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from client.core import faults
from client.core.errors import DeskError, ServerFault, Throttled, Unanswered, Unreachable
from client.core.http import retry_after_s
from client.core.schedule import FIRST_RETRY_S, LAST_RETRY_S, Schedule
from tests.faults.crowd import Report

_PATIENCE_S = 20.0


@dataclass(slots=True)
class Crowd:
    """What all of them saw. `clock` gives seconds of the simulation; `arrivals` are times by it."""

    clock: Callable[[], float]
    speed: float
    arrivals: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    attempts: dict[str, int] = field(default_factory=dict)

    def shortest_back_off_s(self) -> float:
        """What those who tried least wait for now, but for the chance in it."""
        return float(min(min(FIRST_RETRY_S * 2 ** (each - 1), LAST_RETRY_S) for each in self.attempts.values()))

    def busiest(self) -> int:
        """The most arrivals within one second."""
        latest = sorted(self.arrivals)
        most = first = 0
        for last, at in enumerate(latest):
            while latest[first] < at - 1:
                first += 1
            most = max(most, last - first + 1)
        return most


async def deliver(url: str, bearer: str, report: Report, crowd: Crowd, chance: random.Random) -> None:
    """One client, until the server has its report."""
    schedule = Schedule(crowd.clock, chance.random)
    schedule.note_waiting([report.report_id])
    while True:
        due_s = schedule.wake_at()
        assert due_s is not None
        await asyncio.sleep(max(due_s - crowd.clock(), 0) / crowd.speed)
        if schedule.next_due() is None:
            continue
        schedule[report.report_id].attempts += 1
        crowd.attempts[report.report_id] = crowd.attempts.get(report.report_id, 0) + 1
        try:
            await _put(url, bearer, report, crowd)
        except DeskError as error:
            schedule.postpone(report.report_id, error)
        else:
            return


async def _put(url: str, bearer: str, report: Report, crowd: Crowd) -> None:
    """One attempt, whole. Raises what the real adapter would."""
    address = urlsplit(url)
    try:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
    except OSError as error:
        raise Unreachable(faults.no_connection()) from error
    crowd.arrivals.append(crowd.clock())
    body = b"".join((report.manifest, *report.blobs.values()))
    media_type = f"application/vnd.deskbell.report; manifest={len(report.manifest)}"
    head = (
        f"PUT /api/v1/tickets/{report.report_id} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\nAuthorization: Bearer {bearer}\r\n\r\n"
    )
    try:
        async with asyncio.timeout(_PATIENCE_S):
            writer.write(head.encode() + body)
            answer = await reader.read()
    except (OSError, TimeoutError) as error:
        raise Unanswered(faults.cut_off()) from error
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    if not answer:
        raise Unanswered(faults.cut_off())
    status, headers = _head(answer)
    crowd.statuses[status] += 1
    if status in (429, 503):
        raise Throttled(faults.busy(), retry_after_s(headers.get("retry-after")))
    if status not in (200, 201):
        raise ServerFault(faults.server_fault())


def _head(answer: bytes) -> tuple[int, Mapping[str, str]]:
    first, *lines = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return int(first.split()[1]), {
        name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)
    }


def simulated(speed: float) -> Callable[[], float]:
    """A clock that runs so many times as fast as the real one."""
    began_s = time.monotonic()
    return lambda: (time.monotonic() - began_s) * speed
