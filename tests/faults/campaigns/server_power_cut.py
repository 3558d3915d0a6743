"""The server's computer loses power at each change to its disk while reports arrive: what was not synced is gone."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults import checker, ledger
from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.disk import CHANGES, Disk, Left
from tests.faults.strace import Call, attached, recording
from tests.faults.trials import Trials

REPORTS = 3
WHOLE_TEXTS = 1 << 20
SENDS = ("sendto", "sendmsg", "write", "writev")
_RECEIPT = re.compile(rb'\{"report_id":.*"missing":\[[^]]*\]\}', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a receipt that left the server says it has."""

    report_id: str
    manifest_sha256: str
    missing: frozenset[str]


def run(plan: Plan) -> Result:
    chance = random.Random(plan.seed)
    trace = plan.folder / "server.trace"
    with Trials(plan.folder, plan.seed) as trials:
        data = trials.server.data
        disk = Disk(data, ignored=("-shm",))  # mapped into memory, and made anew at the next start
        assert trials.server.pid
        with attached(trials.server.pid, trace, text_bytes=WHOLE_TEXTS, follow=True):
            begun = [each for _ in range(REPORTS) for each in trials.file(trials.profile(), gate="").told("begun")]
        known = ledger.Kept(frozenset(begun))
        calls = recording(trace)
        moments = [index for index, call in enumerate(calls) if _is_a_moment(call, str(data))]
        cases = [(index, left) for index in moments for left in Left]
        chosen = set(cases if plan.is_full else chance.sample(cases, min(plan.trials, len(cases))))
        found: list[str] = []
        survived = 0
        receipts: list[Acknowledged] = []
        for index, call in enumerate(calls):
            for left in Left:
                if (index, left) in chosen:
                    after = plan.folder / "after"
                    disk.write_to(after, left, chance)
                    wrong = list(_wrong(after, known, receipts))
                    survived += not wrong
                    found += [f"{left} after a cut at {call}: {each}" for each in wrong]
            disk.apply(call)
            receipts += _receipts(call)
        found += [f"the model overlooks {path}" for path in disk.differences()]
    return Result(len(chosen), survived, tuple(found), {"moments": len(moments), "receipts": len(receipts)})


def _is_a_moment(call: Call, data: str) -> bool:
    """Whether the disk, or what was answered, differs before and after it."""
    names = [text.decode(errors="replace") for text in call.texts] if call.name not in SENDS else []
    is_change = call.name in CHANGES and (call.name != "openat" or "O_CREAT" in call.arguments)
    return bool(list(_receipts(call))) or (is_change and any(path.startswith(data) for path in (*call.opened, *names)))


def _receipts(call: Call) -> Iterator[Acknowledged]:
    if call.name in SENDS:
        for found in _RECEIPT.findall(b"".join(call.texts)):
            body = json.loads(found)
            yield Acknowledged(body["report_id"], body["manifest_sha256"], frozenset(body["missing"]))


def _wrong(data: Path, known: ledger.Kept, receipts: list[Acknowledged]) -> Iterator[str]:
    """What the server acknowledged, and does not have when it starts again; and what else is damaged."""
    store = checker.Store.of(data)
    yield from checker.check(known, store, is_over=False).findings
    tickets = {ticket.report_id: ticket for ticket in checker.read_tickets(store)}
    for receipt in receipts:
        ticket = tickets.get(receipt.report_id)
        if ticket is None or ticket.manifest_sha256 != receipt.manifest_sha256:
            yield f"acknowledged and gone: {receipt.report_id}"
        elif lost := {*ticket.blobs} - receipt.missing - ticket.received:
            yield f"acknowledged and gone: {', '.join(sorted(lost))}"


CAMPAIGN = Campaign(
    name="server-power-cut",
    promise="power lost at any moment with all that was not synced: what the server acknowledged, it has",
    short=100,
    full=100_000,
    run=run,
    needs=("strace",),
)
