"""The table of campaigns in docs/reliability.md comes from what was run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.rows import PAGE
from tests.faults.table import BEGIN, END, newest_full_runs, table, with_table


def _run(_: Plan) -> Result:
    return Result(1, 1)


KILL = Campaign("kill", "a killed client loses nothing", 30, 1000, _run)
SOAK = Campaign("soak", "nothing grows", 2, 40, _run)


def _line(seed: int, **more: Any) -> dict[str, Any]:
    told = {"campaign": "kill", "tried": 1000, "survived": 1000, "seed": seed, "seconds": 90.0, "commit": "abc1234"}
    return {**told, "figures": {"kills": 2345}, "is_full": True, **more}


def test_the_newest_full_run_counts() -> None:
    runs = [_line(1), _line(2), _line(3, is_full=False), _line(4, campaign="gone")]
    newest = newest_full_runs(runs, {"kill": KILL, "soak": SOAK})
    assert {name: run["seed"] for name, run in newest.items()} == {"kill": 2}


def test_a_campaign_that_was_not_run_in_full_has_dashes() -> None:
    lines = table([KILL, SOAK], {"kill": _line(2)}).splitlines()
    assert lines[2] == (
        "| `kill` | A killed client loses nothing | 1,000 | 1,000 | kills 2,345 | 2 | `abc1234` | 1.5 |"
    )
    assert lines[3] == "| `soak` | Nothing grows | – | – | – | – | – | – |"


def test_only_its_own_place_in_the_page_changes() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert with_table(page, "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert with_table(with_table(page, "new"), "new") == with_table(page, "new")
    with pytest.raises(ValueError, match="no place"):
        with_table("before\nafter\n", "new")


def test_the_page_has_the_place() -> None:
    page = PAGE.read_text()
    assert page.count(BEGIN) == page.count(END) == 1
