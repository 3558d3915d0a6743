"""Figures as ratios against a floor of the same run, taken in turn: machines are shared and noisy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of PERFORMANCE's table. ``value`` and ``floor`` are medians in ``unit``; ``n`` pairs were taken.

    What the budget is for is ``ratio`` (the median of the pairs' ratios), or, where ``is_difference``, value − floor.
    """

    key: str
    value: float
    floor: float
    unit: str
    n: int
    budget: float
    ratio: float
    is_difference: bool = False

    @property
    def measured(self) -> float:
        return self.value - self.floor if self.is_difference else self.ratio

    @property
    def is_within(self) -> bool:
        return self.measured <= self.budget


def figure(key: str, pairs: Iterable[tuple[float, float]], unit: str, budget: float, **more: bool) -> Figure:
    """A figure from pairs of value and floor."""
    taken = list(pairs)
    values, floors = [value for value, _ in taken], [floor for _, floor in taken]
    ratio = median(value / floor if floor else 0.0 for value, floor in taken)
    return Figure(key, median(values), median(floors), unit, len(taken), budget, ratio, **more)


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


def table(figures: Iterable[Figure]) -> str:
    """The figures for people."""
    rows = [f"{'figure':24} {'value':>10} {'floor':>10} unit    {'n':>3}  {'measured':>8} {'budget':>7}"]
    for each in figures:
        verdict = "" if each.is_within else "  over"
        rows.append(
            f"{each.key:24} {each.value:10.2f} {each.floor:10.2f} {each.unit:6} {each.n:4}"
            f"  {each.measured:8.2f} {each.budget:7.2f}{verdict}"
        )
    return "\n".join(rows)


def write(figures: Iterable[Figure], path: Path) -> None:
    """The figures for programs; those that were not taken this time stay as they were."""
    known = json.loads(path.read_text()) if path.exists() else {}
    for each in figures:
        known[each.key] = {
            "value": round(each.value, 4),
            "floor": round(each.floor, 4),
            "unit": each.unit,
            "n": each.n,
            "budget": each.budget,
            "measured": round(each.measured, 4),
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
