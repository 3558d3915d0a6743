"""Collects facts about the machine: each within its budget, a failure is a missing fact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from client.core.lane import within
from client.core.models import Collector, Fact

BUDGET_S = 0.3
MAX_VALUE = 1000  # characters


def gather(collectors: Sequence[Collector], *, off: Iterable[str] = (), budget_s: float = BUDGET_S) -> tuple[Fact, ...]:
    """The facts that came in time, in the collectors' order. Never raises; `off` names facts not even looked for."""
    excluded = frozenset(off)
    facts = []
    for collector in collectors:
        if collector.key in excluded:
            continue
        try:
            found = within(budget_s, collector.read)
        except Exception:  # noqa: S112 - whatever an operating system does, a report goes on
            continue
        if found and found[0]:
            facts.append(Fact(collector.key, collector.label, found[0][:MAX_VALUE], found[1]))
    return tuple(facts)
