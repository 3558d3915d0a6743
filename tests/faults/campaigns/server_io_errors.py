"""The server's disk refuses one call while a report arrives, or all from that one on; then it is well again."""

from __future__ import annotations

import random
from collections import Counter

from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.strace import Fault, attached, recording
from tests.faults.trials import Trials

CALLS = ("openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "ftruncate", "pread64")
TRACED = ",".join(CALLS)
ERRORS = ("EIO", "ENOSPC", "EROFS")


def run(plan: Plan) -> Result:
    found: list[str] = []
    survived = delivered = 0
    with Trials(plan.folder, plan.seed) as trials:
        faults = [
            Fault(name, nth, error=error, goes_on=goes_on)
            for name, count in _most_in_a_thread(trials).items()
            for nth in range(1, count + 1)
            for error in ERRORS
            for goes_on in (False, True)
        ]
        chosen = faults if plan.is_full else random.Random(plan.seed).sample(faults, min(plan.trials, len(faults)))
        for fault in chosen:
            profile = trials.profile()
            with attached(
                trials.server.pid or 0, plan.folder / "server.trace", faults=[fault], traced=TRACED, follow=True
            ):
                trial = trials.file(profile, gate="")
            delivered += bool(trial.told("delivered"))
            wrong = [] if len(trial.told("saved")) == 1 else ["the client says that it could not be saved"]
            wrong += trials.recover(trial)
            survived += not wrong
            found += [f"{fault}: {each}" for each in wrong]
    return Result(len(chosen), survived, tuple(found), {"delivered all the same": delivered})


def _most_in_a_thread(trials: Trials) -> Counter[str]:
    """How often one thread of the server makes each of these calls while a report arrives."""
    trace = trials.profile().with_suffix(".trace")
    with attached(trials.server.pid or 0, trace, traced=TRACED, follow=True):
        trials.file(trials.profile(), gate="")
    counts: Counter[str] = Counter()
    for call in recording(trace):
        if call.name in CALLS:
            counts[call.name] = max(counts[call.name], call.nth)
    return counts


CAMPAIGN = Campaign(
    name="server-io-errors",
    promise="whatever call the server's disk refuses: no report is acknowledged that it does not have, and it goes on",
    short=16,
    full=10_000,
    run=run,
    needs=("strace",),
)
