"""M10: requests made from our own OpenAPI document, all of Schemathesis' checks, stateful by the links in it."""

from __future__ import annotations

import warnings
from collections import Counter

import schemathesis
from schemathesis import engine
from schemathesis.engine import events

from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.premises import premises, running
from tests.faults.requests_by_schema import described
from tests.server.rig import Device

# A run makes so many times as many requests as its examples for each route, and some hundred whatever it is told.
_REQUESTS_PER_EXAMPLE = 60
_MOST = "2000000"


def run(plan: Plan) -> Result:
    place = premises(plan.folder)
    count = Count()
    with (
        running(place, plan.folder, "--reports-per-hour", _MOST, "--enrolments-per-hour", _MOST) as server,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # about the data that it makes
        turn = 0
        while count.tried < plan.trials and not count.findings:
            _explore(server.device(), plan.seed + turn, plan.trials - count.tried, count)
            turn += 1
        if not server.is_alive():
            count.findings["the server ended"] = ""
        if "fault in" in server.log():
            count.findings["the server logged a fault of its own"] = server.log()[-2000:]
    findings = tuple(f"{title}: {example}" for title, example in count.findings.items())
    figures = {f"{status // 100}xx": 0 for status in (200, 300, 400, 500)} | count.answers
    return Result(count.tried, count.tried - count.failed, findings, {**figures, "checks": len(count.checks)})


class Count:
    """What was tried, what failed, and one example of each failure."""

    def __init__(self) -> None:
        self.tried = self.failed = 0
        self.answers: Counter[str] = Counter()
        self.checks: set[str] = set()
        self.findings: dict[str, str] = {}

    def add(self, scenario: events.ScenarioFinished) -> None:
        """The requests of one scenario, and what the checks say of the answers."""
        recorder = scenario.recorder
        for case_id, interaction in recorder.interactions.items():
            self.tried += 1
            status = interaction.response.status_code if interaction.response else 0
            self.answers[f"{status // 100}xx"] += 1
            if status >= 500 or not status:
                self.findings[f"{recorder.label} answered {status}"] = repr(interaction.request)[:600]
            wrong = [check for check in recorder.checks.get(case_id, ()) if check.failure_info is not None]
            self.checks |= {check.name for check in recorder.checks.get(case_id, ())}
            self.failed += bool(wrong or status >= 500 or not status)
            for check in wrong:
                failure = check.failure_info.failure
                title = f"{recorder.label}: {failure.title}"
                said = interaction.response.content[:300] if interaction.response else b""
                self.findings[title] = f"{failure.message}; {status} {said!r}; {check.failure_info.code_sample}"[:2000]


def _explore(device: Device, seed: int, requests: int, count: Count) -> None:
    """One run through the examples of the document, its edges, random data, and chains of requests."""
    config = schemathesis.Config.from_dict(
        {
            "seed": seed,
            "workers": 1,
            "continue-on-failure": True,
            "cache": {"enabled": False},
            "generation": {
                "max-examples": max(5, requests // _REQUESTS_PER_EXAMPLE),
                "database": "none",
                "no-shrink": True,
            },
        }
    )
    for event in engine.from_schema(described(device, config)).execute():
        if isinstance(event, events.ScenarioFinished):
            count.add(event)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            count.findings[f"Schemathesis could not go on: {event}"] = ""


CAMPAIGN = Campaign(
    name="schema",
    promise="whatever the OpenAPI document allows or forbids, the server answers as it says, and never with 5xx",
    short=300,
    full=20_000,
    run=run,
)
