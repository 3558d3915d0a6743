"""M8: a week without the desk, while reports go on being saved; then everything at once."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.core.workshop import Clockwork
from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.cases import case
from tests.faults.exchange import SIGN_IN_PAGES, Exchange, Fault, Kind
from tests.faults.ground import Ground
from tests.faults.proxy import FaultProxy
from tests.faults.timed_client import HOUR_S, TimedClient

DAY_S = 24 * HOUR_S
PHASE_S = 6 * HOUR_S
LONGEST_PAUSE_S = 300 * 1.25  # between two tries
# In an hour: a try every 225 s at the earliest, a few sooner when the kind of outage changes; a try may ask twice.
MOST_REQUESTS_PER_HOUR = 2 * (16 + 8)
REQUESTS_PER_NEW_REPORT = 2


@dataclass(slots=True)
class Outage:
    """What the client meets instead of its desk: something else every six hours."""

    seed: int
    proxy: FaultProxy | None = None
    clockwork: Clockwork = field(default_factory=Clockwork)
    per_hour: Counter[int] = field(default_factory=Counter)
    is_over: bool = False
    is_down: bool = False

    def choose(self, exchange: Exchange) -> Fault:
        if self.is_over:
            return Fault()
        self.per_hour[int(self.clockwork.now // HOUR_S)] += 1
        return self._fault() or Fault(Kind.CUT_REQUEST, 0)

    def go_on(self) -> None:
        """Refuse connections in some phases, accept them in others."""
        assert self.proxy is not None
        is_down = not self.is_over and self._fault() is None
        if is_down != self.is_down:
            (self.proxy.go_down if is_down else self.proxy.come_back)()
        self.is_down = is_down

    def _fault(self) -> Fault | None:
        """What happens to a request in this phase; None where it cannot even be made."""
        chance = random.Random(f"{self.seed}/{int(self.clockwork.now // PHASE_S)}")
        pages = [Fault(Kind.SIGN_IN, page) for page in range(len(SIGN_IN_PAGES))]
        cuts = [Fault(kind, chance.randrange(1000)) for kind in (Kind.CUT_REQUEST, Kind.RESET_REQUEST)]
        return chance.choice([None, None, None, *pages, *cuts])


def run(plan: Plan) -> Result:
    outage = Outage(plan.seed)
    chance = random.Random(plan.seed)
    with Ground(plan.folder, arguments=()) as ground, FaultProxy(ground.server.url, outage.choose) as proxy:
        outage.proxy = proxy
        profile = ground.profile("profile", proxy.url)
        days = 7 if plan.is_full else 2
        moments = sorted(chance.uniform(0, days * DAY_S) for _ in range(plan.trials))
        client = _offline(days, ground, profile, outage, moments, plan.seed)
        offline = len(proxy.exchanges)
        outage.is_over = True
        outage.go_on()
        began = outage.clockwork.now
        findings = []
        if not client.deliver(2 * LONGEST_PAUSE_S):
            findings.append(f"{len(client.engine.spool.waiting())} reports wait although the desk is back")
        took_s = outage.clockwork.now - began
        findings += _flood(proxy.exchanges[offline:], plan.trials)
        findings += _impatience(outage, moments)
        findings += [*ground.check(profile).findings, *ground.faults_of_the_server()]
    figures = {
        "days without the desk": days,
        "requests in them": offline,
        "most in an hour": max(outage.per_hour.values(), default=0),
        "requests afterwards": len(proxy.exchanges) - offline,
        "seconds until all were delivered, at most": round(took_s),
    }
    return Result(plan.trials, max(0, plan.trials - len(findings)), tuple(findings), figures)


def _offline(days: int, ground: Ground, profile: Path, outage: Outage, moments: list[float], seed: int) -> TimedClient:
    """Reports are saved at these moments (seconds); every day the program starts anew. The client of the last day."""
    begins = outage.clockwork.now
    happens = sorted(
        [
            *((moment, "report", number) for number, moment in enumerate(moments)),
            *((day * DAY_S, "start", day) for day in range(days)),
            *((phase * PHASE_S, "phase", phase) for phase in range(int(days * DAY_S / PHASE_S))),
            (days * DAY_S, "end", 0),
        ]
    )
    client = None
    for moment, what, number in happens:
        outage.clockwork.pass_by(begins + moment - outage.clockwork.now)
        if what == "phase":
            outage.go_on()
        elif what == "start":
            if client:
                client.engine.close()
            client = TimedClient(profile, ground.ledger, outage.clockwork)
            client.start()
        elif what == "report":
            assert client is not None
            client.report(case(seed, number))
    assert client is not None
    return client


def _flood(exchanges: list[Exchange], reports: int) -> list[str]:
    """What was wrong with how the client came back: too many requests, or several at once, or a server that gave in."""
    findings = [f"the server answered {each.status}" for each in exchanges if each.status >= 429]
    at_once = max(each.at_once for each in exchanges)
    if at_once > 1:
        findings.append(f"{at_once} requests of one client at once")
    most = 3 * reports + 20  # ticket and two attachments, where a report was begun meanwhile
    if len(exchanges) > most:
        findings.append(f"{len(exchanges)} requests for {reports} reports")
    return findings


def _impatience(outage: Outage, moments: list[float]) -> list[str]:
    begins = Clockwork().now
    new = Counter(int((begins + moment) // HOUR_S) for moment in moments)
    return [
        f"hour {hour}: {count} requests while {new[hour]} reports were saved"
        for hour, count in outage.per_hour.items()
        if count > MOST_REQUESTS_PER_HOUR + REQUESTS_PER_NEW_REPORT * new[hour]
    ]


CAMPAIGN = Campaign(
    "storm",
    "After a week without the desk every report comes, one request at a time, and the desk was not stormed meanwhile",
    short=50,
    full=500,
    run=run,
)
