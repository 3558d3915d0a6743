"""The rows of docs/reliability.md: single faults and bad inputs, each with the tests or campaigns that show it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
_BEGIN = "## Single faults and bad inputs"
_COLUMNS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `tests` are pytest's node ids, `campaigns` are names; every row has one or the other."""

    group: str
    fault: str
    made: str
    expected: str
    seen: str
    tests: tuple[str, ...]
    campaigns: tuple[str, ...]


def rows(page: str) -> tuple[Row, ...]:
    """The rows of the page, in its order. Raises ValueError where one has not the five columns."""
    return tuple(_rows(page))


def _rows(page: str) -> Iterator[Row]:
    group = ""
    for line in _part(page).splitlines():
        if line.startswith("### "):
            group = line.removeprefix("### ")
        if not line.startswith("| ") or line.startswith("| fault |"):
            continue
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) != _COLUMNS or not all(cells):
            raise ValueError(f"a row needs {_COLUMNS} columns: {line}")
        fault, made, expected, seen, shown_by = cells
        named = re.findall(r"`([^`]+)`", shown_by)
        tests = tuple(name for name in named if name.startswith("tests/"))
        yield Row(group, fault, made, expected, seen, tests, tuple(name for name in named if name not in tests))


def _part(page: str) -> str:
    _, begins, rest = page.partition(_BEGIN)
    if not begins:
        raise ValueError(f"the page has no part called {_BEGIN}")
    return rest.partition("\n## ")[0]
