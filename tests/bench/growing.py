"""Tables of how cost grows, and whether that is linear or better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NOT_YET = "Not measured yet."
NOISE = 1.1  # so much steeper than linear is not told from linear: machines are shared, pictures differ
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table, by their keys: what grows, what it costs, and what is only shown."""

    key: str
    size: str
    heads: Mapping[str, str]
    costs: Sequence[str]


LAYOUTS = (
    Layout(
        "waiting",
        "reports",
        {
            "reports": "waiting reports",
            "start_ms": "start → icon, ms",
            "told_ms": "start → all listed and tried, ms",
            "pss_mib": "PSS idle, MiB",
        },
        ("start_ms", "told_ms", "pss_mib"),
    ),
    Layout(
        "displays",
        "displays",
        {
            "displays": "4K displays",
            "panel_ms": "click → painted panel, ms",
            "encoded_ms": "click → all encoded, ms",
            "sent_bytes": "bytes sent",
            "pss_mib": "PSS after it, MiB",
        },
        ("panel_ms", "encoded_ms", "sent_bytes", "pss_mib"),
    ),
    Layout(
        "polling",
        "clients",
        {
            "clients": "clients that poll without a pause",
            "per_second": "answers per second",
            "p50_ms": "half answered within, ms",
            "p99_ms": "99 % answered within, ms",
            "wrong": "errors",
        },
        ("p50_ms", "p99_ms"),
    ),
    Layout(
        "returning",
        "clients",
        {
            "clients": "clients that come back at once",
            "p50_s": "half answered within, s",
            "p99_s": "99 % answered within, s",
            "all_s": "all answered within, s",
        },
        ("p50_s", "p99_s", "all_s"),
    ),
    Layout(
        "tickets",
        "tickets",
        {"tickets": "tickets", "queue_ms": "page of the queue, ms", "own_ticket_ms": "one's own ticket, ms"},
        ("queue_ms", "own_ticket_ms"),
    ),
)


def table(layout: Layout, rows: Sequence[Row]) -> str:
    """The table, and under it how each cost grew."""
    if not rows:
        return NOT_YET
    lines = [f"| {' | '.join(layout.heads.values())} |", f"|{'--:|' * len(layout.heads)}"]
    lines += [f"| {' | '.join(number(row[key]) for key in layout.heads)} |" for row in rows]
    return "\n".join([*lines, "", verdict(layout, rows)])


def verdict(layout: Layout, rows: Sequence[Row]) -> str:
    """By how much what grows grew, and each cost with it, from first to last and in the last step."""
    if len(rows) < 2:
        return "One size alone says nothing of growth."
    whole, step = _factor(layout.size, rows[0], rows[-1]), _factor(layout.size, rows[-2], rows[-1])
    steeper, told = [], []
    for cost in layout.costs:
        all_in_all, last = _factor(cost, rows[0], rows[-1]), _factor(cost, rows[-2], rows[-1])
        told.append(f"{layout.heads[cost]} × {number(all_in_all)} (last step × {number(last)})")
        if all_in_all > whole * NOISE or last > step * NOISE:
            steeper.append(layout.heads[cost])
    said = f"From {number(rows[0][layout.size])} to {number(rows[-1][layout.size])}, × {number(whole)} (last step × "
    said += f"{number(step)}): {'; '.join(told)}. "
    return said + (f"**Steeper than linear: {', '.join(steeper)}.**" if steeper else "Linear or better.")


def number(value: float) -> str:
    """Three digits that count, with commas; whole numbers whole."""
    if isinstance(value, int) or value.is_integer() or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 3
    return f"{value:.{digits}f}"


def _factor(key: str, first: Row, last: Row) -> float:
    return float(last[key]) / float(first[key])
