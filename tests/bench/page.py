"""`python -m tests.bench.page`: what the last runs found, as tables and pictures in docs/performance.md.

Reads what `make bench` wrote to build/, and for the memory of the soak what `python -m tests.faults soak` wrote there.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.bench import growing, pictures
from tests.bench.__main__ import FIGURES, RUNS, TABLES
from tests.bench.budgets import BUDGETS, LATER, Budget
from tests.bench.growing import number
from tests.rigs.session import ROOT

PAGE = ROOT / "docs/performance.md"
Found = Mapping[str, Any]


def main() -> int:
    found, tables, runs = (json.loads(path.read_text()) if path.exists() else {} for path in (FIGURES, TABLES, RUNS))
    if not found:
        print(f"there is no {FIGURES.relative_to(ROOT)}: make bench", file=sys.stderr)
        return 1
    made = {
        "run": run(runs),
        "budgets": budgets(found),
        "peers": peers(tables.get("peers", ())),
        **{layout.key: growing.table(layout, tables.get(layout.key, ())) for layout in growing.LAYOUTS},
    }
    PAGE.write_text(filled(PAGE.read_text(), made))
    for missing in [each.key for each in BUDGETS if each.key not in found]:
        print(f"not measured yet: {missing}", file=sys.stderr)
    pictures.draw(tables, ROOT / "build/soak.json", PAGE.parent / "performance")
    return 0


def filled(page: str, made: Mapping[str, str]) -> str:
    """The page with each of these between its own pair of marks. Raises ValueError where it has no such place."""
    for name, text in made.items():
        place = re.compile(rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        page, count = place.subn(_between(text), page)
        if count != 1:
            raise ValueError(f"the page has {count} places for {name}")
    return page


def budgets(found: Mapping[str, Found]) -> str:
    """A row for each budget, in their order; dashes where it was not measured, and what comes later."""
    lines = ["| figure | what | its floor | measured | floor | n | ratio | budget | |"]
    lines += ["|---|---|---|--:|--:|--:|--:|--:|---|"]
    lines += [_budget_row(each, found.get(each.key)) for each in BUDGETS]
    lines += [f"| `{key}` | – | – | – | – | – | – | – | comes with {part} |" for key, part in LATER.items()]
    return "\n".join(lines)


def peers(rows: Sequence[Found]) -> str:
    """A row for each program; where it could not be started, the reason instead of figures."""
    lines = ["| program | version | start → icon, ms | PSS idle, MiB | starts |", "|---|---|--:|--:|--:|"]
    for row in rows:
        version = row["version"] or "–"
        if "why_not" in row:
            lines.append(f"| {row['program']} | {version} | could not be measured: {row['why_not']} | – | – |")
        else:
            figures = f"{number(row['ready_ms'])} | {number(row['pss_mib'])} | {row['starts']}"
            lines.append(f"| {row['program']} | {version} | {figures} |")
    return "\n".join(lines) if rows else growing.NOT_YET


def run(runs: Mapping[str, Found]) -> str:
    """On what machine and on which commit; where not all is of one kind of run, which part is of which."""
    kinds: dict[str, list[str]] = {}
    for key, one in runs.items():
        kinds.setdefault(_kind(one), []).append(key)
    if len(kinds) == 1:
        return f"Measured on {next(iter(kinds))}."
    return "\n".join(f"- On {kind}: {', '.join(f'`{key}`' for key in sorted(keys))}." for kind, keys in kinds.items())


def _kind(one: Found) -> str:
    short = ", **a short run, not to be quoted**" if one["is_quick"] else ""
    return f"{one['cores']} cores, {one['system']}, Python {one['python']}, commit `{one['commit']}`{short}"


def _budget_row(budget: Budget, one: Found | None) -> str:
    side = "≥" if budget.is_minimum else "≤"
    cells = [f"`{budget.key}`", budget.what, budget.floor]
    if one is None:
        cells += ["–", "–", "–", "–", f"{side} {number(budget.limit)}", "not measured"]
    else:
        sign = "+" if budget.is_difference and one["measured"] > 0 else ""
        cells += [f"{number(one['value'])} {one['unit']}", f"{number(one['floor'])} {one['unit']}", str(one["n"])]
        cells += [f"{sign}{_precise(one['measured'])}", f"{side} {number(budget.limit)}"]
        cells += ["within" if budget.allows(one["measured"]) else f"**{_by_how_much(budget, one['measured'])}**"]
    return f"| {' | '.join(cells)} |"


def _precise(ratio: float) -> str:
    """Three digits: 0.104 is over a budget of 0.10, and must be seen to be."""
    return f"{ratio:.{1 if ratio >= 10 else 2 if ratio >= 1 else 3}f}"


def _by_how_much(budget: Budget, measured: float) -> str:
    if budget.is_difference or not budget.limit:
        return f"over by {abs(measured - budget.limit):.2g}"
    part = f"{abs(measured / budget.limit - 1):.0%}"
    return f"too little by {part}" if budget.is_minimum else f"over by {part}"


def _between(text: str) -> Callable[[re.Match[str]], str]:
    return lambda marks: f"{marks.group(1)}\n{text}\n\n{marks.group(2)}"


if __name__ == "__main__":
    sys.exit(main())
