"""Collects facts about the machine: each within its budget, a failure is a missing fact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from client.core.lane import each_within
from client.core.models import Collector, Fact

BUDGET_S = 0.3
MAX_VALUE = 1000  # characters


def gather(collectors: Sequence[Collector], *, off: Iterable[str] = (), budget_s: float = BUDGET_S) -> tuple[Fact, ...]:
    """The facts that came in time, in the collectors' order. Never raises; `off` names facts not even looked for."""
    excluded = frozenset(off)
    wanted = [collector for collector in collectors if collector.key not in excluded]
    found = each_within(budget_s, [collector.read for collector in wanted])
    return tuple(
        Fact(collector.key, collector.label, read[0][:MAX_VALUE], read[1])
        for collector, read in zip(wanted, found, strict=True)
        if read and read[0]
    )
