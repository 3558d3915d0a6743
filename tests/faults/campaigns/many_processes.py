"""Several server processes on one database and one folder: the same thing is asked of all of them at once."""

from __future__ import annotations

import json
import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from server_stub.commands import DATABASE
from server_stub.store.postgres import address
from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.checker import Store, check
from tests.faults.ledger import Kept, Promise
from tests.rigs.desk_server import DeskServer
from tests.rigs.postgres import PROGRAM, Postgres
from tests.server.rig import Device, Server, attachment, digest, manifest

AT_ONCE = 12
REPORTS_PER_HOUR = 7  # of a device; less than AT_ONCE
LIMITS = ("--enrolments-per-hour", "1000000", "--reports-per-hour", str(REPORTS_PER_HOUR))


@dataclass(slots=True)
class Clash:
    """What one trial asks, and what it found. `servers` are the processes; `promises` what they acknowledged."""

    servers: Sequence[Server]
    chance: random.Random
    pool: ThreadPoolExecutor
    wrong: list[str] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)

    def device(self) -> Device:
        return self.chance.choice(self.servers).device()

    def at_once(self, ask: Callable[[Device], requests.Response], devices: Sequence[Device]) -> list[requests.Response]:
        """Ask for each of these devices at the same moment, in turn through all processes."""
        together = threading.Barrier(len(devices))

        def one(number: int) -> requests.Response:
            device = devices[number]
            way = Device(self.servers[number % len(self.servers)], device.id, device.secret)
            together.wait(60)
            return ask(way)

        return list(self.pool.map(one, range(len(devices))))

    def expect(self, what: str, answers: Sequence[requests.Response], *allowed: Sequence[int]) -> None:
        """Note what has other statuses than one of those allowed."""
        statuses = sorted(answer.status_code for answer in answers)
        if statuses not in [sorted(each) for each in allowed]:
            self.wrong.append(f"{what}: {dict(Counter(statuses))}")

    def one_receipt(self, what: str, answers: Sequence[requests.Response]) -> None:
        """All that were let in were told the same."""
        told = {answer.text for answer in answers if answer.status_code < 300}
        if len(told) != 1:
            self.wrong.append(f"{what}: {len(told)} different receipts")

    def promise(self, report: dict[str, Any], raw: bytes) -> None:
        blobs = tuple(sorted(each["sha256"] for each in report["attachments"]))
        self.promises.append(Promise(report["report_id"], report["text"], blobs, digest(raw)))

    def report(self, *contents: bytes) -> tuple[dict[str, Any], bytes]:
        """A report that says what no other says."""
        announced = [attachment(each) for each in contents]
        made = manifest(text=f"Clash {self.chance.getrandbits(64)}", attachments=announced)
        return made, json.dumps(made).encode()


def the_same_report(clash: Clash) -> None:
    report, raw = clash.report()
    answers = clash.at_once(lambda way: way.submit(raw), [clash.device()] * AT_ONCE)
    clash.expect("the same report", answers, [201] + [200] * (AT_ONCE - 1))
    clash.one_receipt("the same report", answers)
    clash.promise(report, raw)


def the_same_report_from_another_device(clash: Clash) -> None:
    report, raw = clash.report()
    answers = clash.at_once(lambda way: way.submit(raw), [clash.device(), clash.device()] * (AT_ONCE // 2))
    clash.expect("the same report from two devices", answers, [201] + [200] * (AT_ONCE - 1))
    clash.one_receipt("the same report from two devices", answers)
    clash.promise(report, raw)


def another_report_under_one_id(clash: Clash) -> None:
    (report, raw), (other, _) = clash.report(), clash.report()
    foreign = raw.replace(report["text"].encode(), other["text"].encode())
    device, stranger = clash.device(), clash.device()
    answers = clash.at_once(
        lambda way: way.submit(raw if way.id == device.id else foreign, report["report_id"]),
        [device, stranger] * (AT_ONCE // 2),
    )
    half = AT_ONCE // 2
    clash.expect("two reports under one id", answers, [201] + [200] * (half - 1) + [404] * half)
    clash.one_receipt("two reports under one id", answers)
    is_first = device.submit(raw).status_code == 200
    clash.promise({**report, "text": report["text"] if is_first else other["text"]}, raw if is_first else foreign)


def the_same_attachments(clash: Clash) -> None:
    contents = [clash.chance.randbytes(clash.chance.choice((0, 900, 70_000))) for _ in range(3)]
    report, raw = clash.report(*contents)
    device = clash.device()
    device.submit(raw)
    of = iter(contents * (AT_ONCE // 3))
    answers = clash.at_once(lambda way: way.upload(report["report_id"], next(of)), [device] * AT_ONCE)
    if any(answer.status_code not in (200, 201) for answer in answers):
        clash.wrong.append(f"the same attachments: {[answer.status_code for answer in answers]}")
    elif not any(answer.json()["missing"] == [] for answer in answers):
        clash.wrong.append("the same attachments: nobody was told that all is there")
    clash.promise(report, raw)


def whole_and_in_parts(clash: Clash) -> None:
    content = clash.chance.randbytes(clash.chance.choice((900, 70_000)))
    report, raw = clash.report(content)
    path, media_type = f"/api/v1/tickets/{report['report_id']}", f"application/vnd.deskbell.report; manifest={len(raw)}"

    def ask(way: Device) -> requests.Response:
        if way.server is clash.servers[0]:
            return way.put(path, data=raw + content, headers={"Content-Type": media_type})
        return way.submit(raw)

    answers = clash.at_once(ask, [clash.device()] * AT_ONCE)
    clash.expect("whole and in parts", answers, [201] + [200] * (AT_ONCE - 1))
    clash.promise(report, raw)


def one_enrolment(clash: Clash) -> None:
    device = Device(clash.servers[0])
    thief = Device(clash.servers[0], device.id)
    answers = clash.at_once(lambda way: way.enrol(), [device, thief] * (AT_ONCE // 2))
    half = AT_ONCE // 2
    clash.expect("one id, two secrets", answers, [201] + [200] * (half - 1) + [409] * half)


def more_than_the_limit(clash: Clash) -> None:
    made = [clash.report() for _ in range(AT_ONCE)]
    of = iter(made)
    device = clash.device()
    answers = clash.at_once(lambda way: way.submit(next(of)[1]), [device] * AT_ONCE)
    clash.expect(
        "more reports than the limit", answers, [201] * REPORTS_PER_HOUR + [429] * (AT_ONCE - REPORTS_PER_HOUR)
    )
    taken = {answer.json()["report_id"] for answer in answers if answer.status_code == 201}
    for report, raw in made:
        if report["report_id"] in taken:
            clash.promise(report, raw)


CLASHES = (
    the_same_report,
    the_same_report_from_another_device,
    another_report_under_one_id,
    the_same_attachments,
    whole_and_in_parts,
    one_enrolment,
    more_than_the_limit,
)


def run(plan: Plan) -> Result:
    chance = random.Random(plan.seed)
    found: list[str] = []
    survived = 0
    counts = {three_on_postgresql: plan.trials - plan.trials // 3, two_on_sqlite: plan.trials // 3}
    for place_of, count in counts.items():
        folder = plan.folder / place_of.__name__
        folder.mkdir()
        with place_of(folder) as (servers, store), ThreadPoolExecutor(AT_ONCE) as pool:
            promises: dict[str, Promise] = {}
            for number in range(count):
                clash = Clash(servers, chance, pool)
                CLASHES[number % len(CLASHES)](clash)
                survived += not clash.wrong
                found += [f"{place_of.__name__}: {each}" for each in clash.wrong]
                promises |= {each.report_id: each for each in clash.promises}
            kept = Kept(frozenset(promises), promises)
            broken = [f"{place_of.__name__}: {each}" for each in check(kept, store).findings]
        survived -= bool(broken)
        found += broken
    return Result(plan.trials, max(survived, 0), tuple(found), {"at once": AT_ONCE})


@contextmanager
def three_on_postgresql(folder: Path) -> Iterator[tuple[list[Server], Store]]:
    """Three processes, one PostgreSQL, one data folder."""
    with Postgres(folder) as postgres:
        url = postgres.create("desk")
        with _several(3, folder, {**os.environ, DATABASE: url}) as servers:
            yield servers, Store(address(url).render_as_string(hide_password=False), servers[0].data)


@contextmanager
def two_on_sqlite(folder: Path) -> Iterator[tuple[list[Server], Store]]:
    """Two processes on one file."""
    with _several(2, folder, os.environ) as servers:
        yield servers, Store.of(servers[0].data)


@contextmanager
def _several(count: int, folder: Path, env: Any) -> Iterator[list[Server]]:
    with ExitStack() as stack:
        first = stack.enter_context(DeskServer(folder, env=env, arguments=LIMITS))
        servers = [Server(first.url, first.site_key, first.data)]
        for number in range(1, count):
            logs = folder / str(number)
            logs.mkdir()
            other = DeskServer(logs, env=env, arguments=LIMITS)
            other.data = first.data
            stack.callback(other.stop)
            other.start()
            servers.append(Server(other.url, first.site_key, first.data))
        yield servers


CAMPAIGN = Campaign(
    name="many-processes",
    promise="several processes on one database behave as one: one ticket a report, one owner an id, common limits",
    short=28,
    full=2_000,
    run=run,
    needs=(PROGRAM,),
)
