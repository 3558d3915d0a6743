"""The client is killed at each system call of filing one report: claim, draft, save, enrolment, sending, receipt."""

from __future__ import annotations

import random

from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.strace import Call, Fault
from tests.faults.trials import GATES, Trials


def run(plan: Plan) -> Result:
    found: list[str] = []
    killed = survived = 0
    with Trials(plan.folder, plan.seed) as trials:
        points = [(gate, call) for gate in GATES for call in trials.file(trials.profile(), gate).calls]
        chosen = _every_nth(points, plan)
        for gate, call in chosen:
            fault = Fault(call.name, call.nth, signal="KILL")
            trial = trials.file(trials.profile(), gate, [fault])
            killed += trial.status == -9
            wrong = trials.recover(trial)
            survived += not wrong
            found += [f"{gate} killed at {call}: {each}" for each in wrong]
    figures = {"K": len(points), "killed": killed}
    return Result(len(chosen), survived, tuple(found), figures)


def _every_nth(points: list[tuple[str, Call]], plan: Plan) -> list[tuple[str, Call]]:
    """Of all points as many as the plan says, evenly; the seed says where they begin."""
    step = max(1.0, len(points) / plan.trials)
    first = random.Random(plan.seed).random() * step
    return [points[int(first + index * step)] for index in range(min(plan.trials, len(points)))]


CAMPAIGN = Campaign(
    name="syscalls",
    promise="killed at any system call: what was shown as saved is delivered once, and nothing else is left",
    short=36,
    full=10_000,
    run=run,
    needs=("strace",),
)
