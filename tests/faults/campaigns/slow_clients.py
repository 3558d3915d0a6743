"""Two hundred connections that send a byte a second, and meanwhile ordinary clients that submit."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

import psutil

from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.ground import NO_LIMITS
from tests.rigs.desk_server import ROOT, DeskServer
from tests.rigs.processes import Processes
from tests.rigs.waiting import wait_until
from tests.server.rig import Device, Server, attachment, manifest

SLOW = 200
CLIENTS = 32
PICTURE_BYTES = 300_000


@dataclass(frozen=True, slots=True)
class Submission:
    """One ordinary report with a picture: the two answers, and how long they took together."""

    statuses: tuple[int, int]
    took_ms: float


def run(plan: Plan) -> Result:
    chance = random.Random(plan.seed)
    with DeskServer(plan.folder, arguments=NO_LIMITS) as desk, Processes(plan.folder) as processes:
        server = Server(desk.url, desk.site_key, desk.data)
        devices = [server.device() for _ in range(CLIENTS)]
        alone = _submitted(devices, chance, CLIENTS)
        bearer = f"{devices[0].id}.{devices[0].secret}"
        command = (sys.executable, "-m", "tests.faults.drip", server.url, bearer, "--connections", str(SLOW))
        processes.start("drip", command, {**os.environ, "PYTHONPATH": str(ROOT)})
        wait_until(lambda: "dripping" in processes.log("drip").read_text(), "the slow ones to be connected", 60)
        among = [each for _ in range(0, plan.trials, CLIENTS) for each in _submitted(devices, chance, CLIENTS)]
        among = among[: plan.trials]
        still_slow = _connections(desk)
    bad = Counter(each.statuses for each in among if each.statuses != (201, 201))
    figures = {
        "slow connections": SLOW,
        "median ms without them": round(median(each.took_ms for each in alone)),
        "median ms with them": round(median(each.took_ms for each in among)),
        "slowest ms with them": round(max(each.took_ms for each in among)),
    }
    found = tuple(f"an ordinary client was answered {statuses} ({count} times)" for statuses, count in bad.items())
    if still_slow < SLOW:
        found += (f"only {still_slow} connections were held at the end",)
    return Result(len(among), len(among) - sum(bad.values()), found, figures)


def _connections(desk: DeskServer) -> int:
    assert desk.pid
    held = psutil.Process(desk.pid).net_connections("tcp")
    return sum(each.status == psutil.CONN_ESTABLISHED for each in held)


def _submitted(devices: Sequence[Device], chance: random.Random, count: int) -> list[Submission]:
    """So many reports, all at the same moment."""
    pictures = [chance.randbytes(PICTURE_BYTES) for _ in range(count)]
    together = threading.Barrier(count)

    def submit(number: int) -> Submission:
        report = manifest(attachments=[attachment(pictures[number])])
        together.wait(60)
        began_s = time.perf_counter()
        first = devices[number].submit(report)
        second = devices[number].upload(report["report_id"], pictures[number])
        return Submission((first.status_code, second.status_code), (time.perf_counter() - began_s) * 1000)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(submit, range(count)))


CAMPAIGN = Campaign(
    name="slow-clients",
    promise="200 connections that send a byte a second keep no other client waiting for long, and nobody gets an error",
    short=32,
    full=3_200,
    run=run,
)
