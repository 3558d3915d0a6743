"""Figures as ratios against a floor of the same run, taken in turn: machines are shared and noisy."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.budgets import BY_KEY, Budget


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the budgets' table. ``value`` and ``floor`` are medians in ``unit``; ``n`` pairs were taken.

    ``ratio`` is the median of the pairs' ratios, not the ratio of the medians.
    """

    budget: Budget
    value: float
    floor: float
    unit: str
    n: int
    ratio: float

    @property
    def key(self) -> str:
        return self.budget.key

    @property
    def measured(self) -> float:
        return self.value - self.floor if self.budget.is_difference else self.ratio

    @property
    def is_within(self) -> bool:
        return self.budget.allows(self.measured)


@dataclass(frozen=True, slots=True)
class Table:
    """How something grows, or several programs side by side: rows of the same columns."""

    key: str
    rows: Sequence[Mapping[str, Any]]


def figure(key: str, pairs: Iterable[tuple[float, float]], unit: str) -> Figure:
    """A figure from pairs of value and floor."""
    taken = list(pairs)
    values, floors = [value for value, _ in taken], [floor for _, floor in taken]
    ratio = median(value / floor if floor else 0.0 for value, floor in taken)
    return Figure(BY_KEY[key], median(values), median(floors), unit, len(taken), ratio)


def in_turn(value: Callable[[], float], floor: Callable[[], float], pairs: int) -> list[tuple[float, float]]:
    """Pairs of value and floor: A B, then B A, then A B …"""
    taken = []
    for number in range(pairs):
        if number % 2:
            below = floor()
            taken.append((value(), below))
        else:
            above = value()
            taken.append((above, floor()))
    return taken


def milliseconds(act: Callable[[], object]) -> float:
    """How long that took."""
    began_s = time.perf_counter()
    act()
    return (time.perf_counter() - began_s) * 1000


def table(figures: Iterable[Figure]) -> str:
    """The figures for people."""
    rows = [f"{'figure':24} {'value':>10} {'floor':>10} unit    {'n':>3}  {'measured':>8}  {'budget':>7}"]
    for each in figures:
        side, verdict = "≥" if each.budget.is_minimum else "≤", "" if each.is_within else "  over"
        rows.append(
            f"{each.key:24} {each.value:10.2f} {each.floor:10.2f} {each.unit:6} {each.n:4}"
            f"  {each.measured:8.2f} {side}{each.budget.limit:7.2f}{verdict}"
        )
    return "\n".join(rows)


def as_text(each: Table) -> str:
    """A table for people, a line a row."""
    rows = (
        ", ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in row.items()
        )
        for row in each.rows
    )
    return "\n".join([f"{each.key}:", *(f"  {row}" for row in rows)])


def as_json(each: Figure) -> Mapping[str, Any]:
    """A figure for programs."""
    return {
        "value": round(each.value, 4),
        "floor": round(each.floor, 4),
        "unit": each.unit,
        "n": each.n,
        "budget": each.budget.limit,
        "measured": round(each.measured, 4),
    }


def add_to(path: Path, found: Mapping[str, Any]) -> None:
    """Write what was found into a file of JSON; what was not taken this time stays as it was."""
    known = json.loads(path.read_text()) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known | dict(found), indent=1, sort_keys=True, ensure_ascii=False) + "\n")
