"""The server is away while a thousand clients hold a report each; then it is back, and all of them want to send."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import math
import random
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import insert, select

from server_stub.settings import Settings
from server_stub.store.clock import utc_now
from server_stub.store.database import Database
from server_stub.store.tables import devices, sites
from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.checker import Store, check
from tests.faults.crowd import Report, digest, report
from tests.faults.ground import NO_LIMITS
from tests.faults.ledger import Kept, Promise
from tests.faults.returning import Crowd, deliver, simulated
from tests.rigs.desk_server import DeskServer
from tests.rigs.waiting import wait_until

AWAY = 5  # attempts that everybody makes in vain: the fifth waits for half a minute


@dataclass(frozen=True, slots=True)
class Owner:
    """A client: its credential as it is sent, and the report that it holds."""

    device_id: str
    secret: bytes
    report: Report

    @property
    def bearer(self) -> str:
        return f"{self.device_id}.{base64.urlsafe_b64encode(self.secret).decode().rstrip('=')}"


def run(plan: Plan) -> Result:
    chance = random.Random(plan.seed)
    speed = 4.0 if plan.is_full else 16.0
    crowd = Crowd(simulated(speed), speed)
    owners = [Owner(_uuid(chance), chance.randbytes(32), report(chance)) for _ in range(plan.trials)]
    with DeskServer(plan.folder, arguments=NO_LIMITS) as server:
        _enrol(server, owners)
        server.kill()
        with ThreadPoolExecutor(1) as beside:
            everybody = beside.submit(lambda: asyncio.run(_deliver_all(server.url, owners, crowd, chance)))
            wait_until(lambda: _in_vain(crowd) >= plan.trials * AWAY, "everybody to have tried", 600)
            server.start()
            back_at, back_off_s = crowd.clock(), crowd.shortest_back_off_s()
            everybody.result(900)
        took_s = crowd.clock() - back_at
        promises = {each.report.report_id: _promise(each.report) for each in owners}
        findings = [*check(Kept(frozenset(promises), promises), Store.of(server.data)).findings]
    lost = len(findings)
    findings += [f"{count} answers {status}" for status, count in crowd.statuses.items() if status >= 400]
    # Each of them waits for three to five quarters of its back-off: half of one is what all arrivals are spread over.
    evenly = plan.trials / max(back_off_s / 2, 1)
    most = math.ceil(evenly + 5 * math.sqrt(evenly) + 3)
    if crowd.busiest() > most:
        findings.append(f"{crowd.busiest()} requests within one second, and not {most} at most")
    figures = {
        "back-off s": back_off_s,
        "all delivered after s": round(took_s, 1),
        "requests a second at most": crowd.busiest(),
        "allowed": most,
        "requests": len(crowd.arrivals),
    }
    return Result(plan.trials, plan.trials - lost, tuple(findings), figures)


async def _deliver_all(url: str, owners: Sequence[Owner], crowd: Crowd, chance: random.Random) -> None:
    async with asyncio.TaskGroup() as group:
        for each in owners:
            own = random.Random(chance.getrandbits(60))
            group.create_task(deliver(url, each.bearer, each.report, crowd, own))


def _in_vain(crowd: Crowd) -> int:
    """How many attempts there were, of each client the first ones alone."""
    return sum(min(each, AWAY) for each in crowd.attempts.copy().values())


def _enrol(server: DeskServer, owners: Sequence[Owner]) -> None:
    """All at once: how fast they enrol is not what this is about."""
    database = Database(Settings(server.data).database_url)
    with database.write() as connection:
        site_id = connection.execute(select(sites.c.id)).scalar_one()
        same = {"site_id": site_id, "client": "deskbell 0", "address": "127.0.0.1", "enrolled_at": utc_now()}
        rows = [
            {**same, "id": each.device_id, "secret_sha256": hashlib.sha256(each.secret).hexdigest()} for each in owners
        ]
        connection.execute(insert(devices), rows)
    database.close()


def _promise(made: Report) -> Promise:
    return Promise(made.report_id, made.text, tuple(sorted(made.blobs)), digest(made.manifest))


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


CAMPAIGN = Campaign(
    name="outage",
    promise="a thousand clients after an outage: all is delivered, they come spread out, no error of the server's",
    short=50,
    full=1_000,
    run=run,
)
