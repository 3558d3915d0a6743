"""The disk refuses one call of the client, or all from that one on; then it is well again and Send is pressed again."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.strace import Call, Fault
from tests.faults.trials import Trials

CALLS = ("openat", "write", "fsync", "fdatasync", "rename", "unlink", "mkdir", "rmdir", "ftruncate", "getdents64")
LASTING = {  # what a disk refuses that is broken, full, not ours, read-only
    "EIO": CALLS,
    "ENOSPC": ("write", "fsync", "fdatasync", "mkdir"),
    "EACCES": ("openat", "rename", "unlink", "mkdir"),
    "EROFS": ("write", "rename", "unlink", "mkdir", "rmdir", "ftruncate"),
}
Case = tuple[str, list[Fault]]


def run(plan: Plan) -> Result:
    found: list[str] = []
    survived = refused = 0
    with Trials(plan.folder, plan.seed) as trials:
        sample = trials.file(trials.profile())
        calls = [call for call in sample.calls if _is_of(call, str(sample.profile))]
        cases = list(_cases(calls))
        chosen = cases if plan.is_full else random.Random(plan.seed).sample(cases, min(plan.trials, len(cases)))
        for name, faults in chosen:
            trial = trials.file(trials.profile(), faults=faults)
            wrong = [] if trial.status == 0 else [f"the client ended with {trial.status} {trial.told('crash')}"]
            wrong += [] if len(trial.told("saved")) == 1 else ["with the disk well again it was not saved"]
            wrong += trials.recover(trial)
            refused += bool(trial.told("not saved"))
            survived += not wrong
            found += [f"{name}: {each}" for each in wrong]
    figures = {"calls": len(calls), "said not saved": refused}
    return Result(len(chosen), survived, tuple(found), figures)


def _is_of(call: Call, profile: str) -> bool:
    """Whether it is one of those calls, about something in the profile."""
    named = (text.decode(errors="replace") for text in call.texts) if call.name != "write" else ()
    return call.name in CALLS and any(path.startswith(f"{profile}/") for path in (*call.opened, *named))


def _cases(calls: Sequence[Call]) -> Iterator[Case]:
    """Each call with each error, once and for good."""
    for index, call in enumerate(calls):
        for error, names in LASTING.items():
            once = Fault(call.name, call.nth, error=error)
            yield f"{once} ({call})", [once]
            if call.name in names:
                yield f"{error} from {call} on", list(_lasting(calls[:index], names, error))


def _lasting(before: Sequence[Call], names: Sequence[str], error: str) -> Iterator[Fault]:
    """These calls fail, but for as many of each as there were before."""
    seen = Counter({call.name: call.nth for call in before})
    for name in names:
        yield Fault(name, seen[name] + 1, error=error, goes_on=True)


CAMPAIGN = Campaign(
    name="io-errors",
    promise="whatever call the disk refuses: “saved” is not shown or the report is complete, and it is delivered once",
    short=60,
    full=10_000,
    run=run,
    needs=("strace",),
)
