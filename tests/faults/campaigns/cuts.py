"""M4: the connection is cut after each byte of what a small report sends and hears, and disturbed in other ways."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.cases import small_case
from tests.faults.exchange import SIGN_IN_PAGES, Exchange, Fault, Kind
from tests.faults.ground import Ground
from tests.faults.proxy import FaultProxy
from tests.faults.timed_client import HOUR_S, TimedClient

# A part of the path of each kind of request. A report goes whole in one; where that fails, its parts go one by one.
PATHS = {"enrol": "/devices/", "ticket": "/tickets/", "attachment": "/attachments/", "desk": "/desk"}
POINTS_PER_PROFILE = 100
MARGIN = 4  # a later ticket has a longer number
MOST_REQUESTS = 10  # enrolment, a probe and each part twice
WITHOUT_LAST_BYTES = -1


class Stage(StrEnum):
    ENROL = "enrol"
    WHOLE = "whole report"
    TICKET = "ticket"  # without its attachment
    ATTACHMENT = "attachment"
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Point:
    """A fault at one stage of a report's way."""

    stage: Stage
    fault: Fault

    def __str__(self) -> str:
        return f"{self.fault.kind} at {self.fault.at} of {self.stage}"

    def script(self) -> list[tuple[str, Fault]]:
        """Which fault the first request of each kind meets, in order: what leads to the stage, and the point itself."""
        cut_early, cut_late = Fault(Kind.CUT_REQUEST, 0), Fault(Kind.CUT_REQUEST, WITHOUT_LAST_BYTES)
        return {
            Stage.ENROL: [("enrol", self.fault)],
            Stage.WHOLE: [("ticket", self.fault)],
            Stage.TICKET: [("ticket", cut_early), ("ticket", self.fault)],
            Stage.ATTACHMENT: [("ticket", cut_late), ("attachment", self.fault)],
            Stage.DESK: [("desk", self.fault)],
        }[self.stage]


class Disturbed:
    """Does the faults of a script, each to the first request of its kind, and nothing to all others."""

    def __init__(self) -> None:
        self.script: list[tuple[str, Fault]] = []

    def choose(self, exchange: Exchange) -> Fault:
        if not self.script or kind_of(exchange) != self.script[0][0]:
            return Fault()
        fault = self.script.pop(0)[1]
        return replace(fault, at=exchange.request_bytes - 1) if fault.at == WITHOUT_LAST_BYTES else fault


def kind_of(exchange: Exchange) -> str:
    return next((name for name, part in reversed(PATHS.items()) if part in exchange.path), "other")


class Cutting:
    """One report for each point, each delivered in the end."""

    def __init__(self, ground: Ground, proxy: FaultProxy, disturbed: Disturbed) -> None:
        self._ground = ground
        self._proxy = proxy
        self._disturbed = disturbed
        self._serial = 0
        self._client: TimedClient | None = None
        self.profiles: list[Path] = []
        self.findings: list[str] = []
        self.most_requests = 0

    def lengths(self) -> dict[Stage, tuple[int, int]]:
        """How many bytes request and answer of each stage have, as seen on reports of which nothing is cut."""
        found = {}
        for stage in Stage:
            point = Point(stage, Fault())
            seen = self._run(point, self._client_for(point))
            met = [each for each in seen if kind_of(each) == point.script()[-1][0] and each.fault == point.fault]
            if met:
                found[stage] = (met[-1].request_bytes, met[-1].answer_bytes)
            else:
                self.findings.append(f"{stage}: its request was never made")
        return found

    def run(self, point: Point) -> None:
        self._run(point, self._client_for(point))

    def _run(self, point: Point | None, client: TimedClient) -> list[Exchange]:
        first = len(self._proxy.exchanges)
        self._disturbed.script = point.script() if point else []
        self._serial += 1
        report_id = client.report(small_case(f"{self._serial:06}"))
        if not client.deliver(HOUR_S) or f"delivered {report_id}" not in client.said:
            self.findings.append(f"{point}: not delivered within an hour; {client.said[-3:]}")
            self._client = None
        if self._disturbed.script:
            self.findings.append(f"{point}: the fault was never met")
        heard = self._proxy.exchanges[first:]
        self.most_requests = max(self.most_requests, len(heard))
        if len(heard) > MOST_REQUESTS:
            self.findings.append(f"{point}: {len(heard)} requests for one report")
        self.findings += [f"{point}: the server answered {each.status}" for each in heard if each.status >= 500]
        return heard

    def _client_for(self, point: Point) -> TimedClient:
        """The same client for many points, since one report is as good as another; enrolment needs a new one."""
        needs_new = point.stage in (Stage.ENROL, Stage.DESK)
        if needs_new or self._client is None or self._serial % POINTS_PER_PROFILE == 0:
            self._client = self._new_client()
            if not needs_new:
                self._run(None, self._client)
        return self._client

    def _new_client(self) -> TimedClient:
        profile = self._ground.profile(f"profile-{len(self.profiles)}", self._proxy.url)
        self.profiles.append(profile)
        client = TimedClient(profile, self._ground.ledger)
        client.start()
        return client


def points(lengths: dict[Stage, tuple[int, int]], chance: random.Random) -> list[Point]:
    """Every byte of every request and answer, and every other fault at each stage."""

    def faults(request: int, answer: int) -> Iterator[Fault]:
        for at in range(request + MARGIN):
            yield Fault(chance.choice((Kind.CUT_REQUEST, Kind.RESET_REQUEST)), min(at, request))
        for at in range(answer + MARGIN):
            yield Fault(chance.choice((Kind.CUT_ANSWER, Kind.RESET_ANSWER)), at)
        for at in range(0, request + 1, 5):
            yield Fault(Kind.HALF_CLOSED, at)
        for kind in (Kind.SLICED, Kind.SLOW, Kind.LATE, Kind.DUPLICATED):
            yield Fault(kind)
        for at in range(8):
            yield Fault(Kind.REPLAYED, at)
            yield Fault(Kind.STALE, at)
        for at in range(len(SIGN_IN_PAGES)):
            yield Fault(Kind.SIGN_IN, at)

    return [Point(stage, fault) for stage, sizes in lengths.items() for fault in faults(*sizes)]


def run(plan: Plan) -> Result:
    disturbed = Disturbed()
    with Ground(plan.folder) as ground, FaultProxy(ground.server.url, disturbed.choose) as proxy:
        cutting = Cutting(ground, proxy, disturbed)
        lengths = cutting.lengths()
        chance = random.Random(plan.seed)
        every = points(lengths, chance)
        chosen = every if plan.is_full or plan.trials >= len(every) else chance.sample(every, plan.trials)
        for point in chosen:
            cutting.run(point)
        findings = (
            *cutting.findings,
            *ground.check(*cutting.profiles).findings,
            *ground.faults_of_the_server(),
        )
    figures = {
        **{f"bytes of {stage}": f"{sizes[0]} + {sizes[1]}" for stage, sizes in lengths.items()},
        "requests": len(proxy.exchanges),
        "most requests for one report": cutting.most_requests,
    }
    return Result(len(chosen), max(0, len(chosen) - len(findings)), findings, figures)


CAMPAIGN = Campaign(
    "cuts",
    "A connection cut after any byte, or disturbed in any other way, costs a report no more than a little time",
    short=50,
    full=20_000,  # all points there are
    run=run,
)
