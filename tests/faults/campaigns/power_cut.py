"""The client's computer loses power before each change to its disk: what was not synced is gone, or half there."""

from __future__ import annotations

import random

from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.disk import CHANGES, Disk, Left
from tests.faults.strace import Call, Fault
from tests.faults.trials import Trials

WHOLE_TEXTS = 1 << 20


def run(plan: Plan) -> Result:
    found: list[str] = []
    chance = random.Random(plan.seed)
    survived = saved = 0
    with Trials(plan.folder, plan.seed) as trials:
        points = [call for call in trials.file(trials.profile()).calls if _is_a_moment(call)]
        cases = [(call, left) for call in points for left in Left]
        chosen = cases if plan.is_full else chance.sample(cases, min(plan.trials, len(cases)))
        for call, left in chosen:
            profile = trials.profile()
            disk = Disk(profile)
            trial = trials.file(profile, faults=[Fault(call.name, call.nth, signal="KILL")], text_bytes=WHOLE_TEXTS)
            for done in trial.calls:
                disk.apply(done)
            wrong = [f"the model overlooks {path}" for path in disk.differences()]
            disk.cut_power(left, chance)
            wrong += trials.recover(trial)
            saved += bool(trial.told("saved"))
            survived += not wrong
            found += [f"{left} after a cut at {call}: {each}" for each in wrong]
    return Result(len(chosen), survived, tuple(found), {"moments": len(points), "after “saved”": saved})


def _is_a_moment(call: Call) -> bool:
    """Whether the disk, or what was said, differs before and after it."""
    return call.name in (*CHANGES, "sendto", "exit_group") and (call.name != "openat" or "O_CREAT" in call.arguments)


CAMPAIGN = Campaign(
    name="power-cut",
    promise="power lost at any moment, with all that was not synced: what was shown as saved is delivered once",
    short=60,
    full=10_000,
    run=run,
    needs=("strace",),
)
