"""docs/performance.md says what was measured, and no more."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.bench import growing
from tests.bench.budgets import BUDGETS, BY_KEY, LATER
from tests.bench.measuring import Table, as_json, figure, in_turn
from tests.bench.page import PAGE, budgets, filled, peers, run
from tests.bench.pictures import latency, memory
from tests.bench.plot import Axis, plot
from tests.faults.soaking.samples import Sample

WAITING = next(each for each in growing.LAYOUTS if each.key == "waiting")


def _cells(key: str, **found: Any) -> list[str]:
    lines = budgets({name: {"floor": 10.0, "unit": "ms", "n": 5, **one} for name, one in found.items()}).splitlines()
    (line,) = [line for line in lines if f"`{key}`" in line]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_figure_within_its_budget_and_one_over_it() -> None:
    within = _cells("startup_ratio", startup_ratio={"value": 11.0, "measured": 1.1})
    assert within[3:] == ["11 ms", "10 ms", "5", "1.10", "≤ 1.15", "within"]
    over = _cells("startup_ratio", startup_ratio={"value": 13.8, "measured": 1.38})
    assert over[6:] == ["1.38", "≤ 1.15", "**over by 20%**"]


def test_a_budget_that_is_a_minimum() -> None:
    enough = _cells("poll_rate_ratio", poll_rate_ratio={"value": 4.0, "measured": 0.4})
    assert enough[6:] == ["0.400", "≥ 0.15", "within"]
    too_little = _cells("poll_rate_ratio", poll_rate_ratio={"value": 1.2, "measured": 0.12})
    assert too_little[6:] == ["0.120", "≥ 0.15", "**too little by 20%**"]


def test_a_budget_for_a_difference() -> None:
    cells = _cells("modules_at_ready", modules_at_ready={"value": 2, "floor": 0, "unit": "names", "measured": 2})
    assert cells[3:] == ["2 names", "0 names", "5", "+2.00", "≤ 0", "**over by 2**"]


def test_what_was_not_measured_has_dashes_and_what_comes_later_says_so() -> None:
    assert _cells("facts_ratio")[3:] == ["–", "–", "–", "–", "≤ 1.50", "not measured"]
    assert _cells("editor_open_ratio")[-1] == "comes with the picture editor"


def test_every_row_has_its_place_once() -> None:
    assert len(BY_KEY) == len(BUDGETS)
    assert not BY_KEY.keys() & LATER.keys()
    assert len(budgets({}).splitlines()) == 2 + len(BUDGETS) + len(LATER)


def test_the_ratio_is_the_median_of_the_pairs() -> None:
    made = figure("facts_ratio", [(1.0, 1.0), (30.0, 10.0), (20.0, 10.0)], "ms")
    assert (made.value, made.floor, made.measured, made.is_within) == (20.0, 10.0, 2.0, False)
    assert as_json(made) == {"value": 20.0, "floor": 10.0, "unit": "ms", "n": 3, "budget": 1.5, "measured": 2.0}
    assert figure("create_rate_ratio", [(9.0, 10.0)], "1/s").is_within
    assert figure("idle_wakeups_extra", [(3, 3)], "times").measured == 0


def test_pairs_are_taken_in_turn() -> None:
    order: list[str] = []

    def take(name: str, value: float) -> float:
        order.append(name)
        return value

    assert in_turn(lambda: take("A", 1), lambda: take("B", 2), 3) == [(1, 2)] * 3
    assert "".join(order) == "ABBAAB"


def test_growth_is_told_with_its_verdict() -> None:
    rows = [
        {"reports": 1, "start_ms": 100.0, "told_ms": 200.0, "pss_mib": 30.0},
        {"reports": 100, "start_ms": 100.0, "told_ms": 300.0, "pss_mib": 31.0},
        {"reports": 500, "start_ms": 110.0, "told_ms": 600.0, "pss_mib": 33.0},
    ]
    lines = growing.table(WAITING, rows).splitlines()
    assert lines[4] == "| 500 | 110 | 600 | 33 |"
    assert lines[-1].startswith("From 1 to 500, × 500 (last step × 5): start → icon, ms × 1.10 (last step × 1.10);")
    assert lines[-1].endswith("Linear or better.")
    rows[-1]["told_ms"] = 1800.0  # six times as much for five times as many
    assert growing.verdict(WAITING, rows).endswith("**Steeper than linear: start → all listed and tried, ms.**")
    assert growing.table(WAITING, []) == growing.NOT_YET


def test_a_program_that_does_not_start_says_why() -> None:
    rows = [
        {"program": "Deskbell", "version": "", "ready_ms": 98.4, "pss_mib": 24.25, "starts": 9},
        {"program": "vorta", "version": "0.8", "why_not": "it is not installed"},
    ]
    assert peers(rows).splitlines()[2:] == [
        "| Deskbell | – | 98.4 | 24.2 | 9 |",
        "| vorta | 0.8 | could not be measured: it is not installed | – | – |",
    ]
    assert peers(Table("peers", []).rows) == growing.NOT_YET


def test_runs_of_one_kind_are_told_once_others_by_what_they_measured() -> None:
    one = {"cores": 2, "system": "Debian 12", "python": "3.11.2", "commit": "abc1234", "is_quick": False}
    assert run({"a": one, "b": one}) == "Measured on 2 cores, Debian 12, Python 3.11.2, commit `abc1234`."
    lines = run({"a": one, "b": {**one, "is_quick": True}}).splitlines()
    assert lines[0].endswith("commit `abc1234`: `a`.")
    assert lines[1].endswith("**a short run, not to be quoted**: `b`.")


def test_only_its_own_places_in_the_page_change() -> None:
    page = (
        "before\n<!-- run: by x -->\nold\n<!-- end of run -->\nbetween\n<!-- peers: by x -->\n<!-- end of peers -->\n"
    )
    made = filled(page, {"run": r"new \1", "peers": "| a |"})
    assert made == (
        "before\n<!-- run: by x -->\n\nnew \\1\n\n<!-- end of run -->\n"
        "between\n<!-- peers: by x -->\n\n| a |\n\n<!-- end of peers -->\n"
    )
    assert filled(made, {"run": r"new \1", "peers": "| a |"}) == made
    with pytest.raises(ValueError, match="0 places for budgets"):
        filled(page, {"budgets": ""})


def test_the_page_has_all_its_places() -> None:
    names = ["run", "budgets", "peers", *(layout.key for layout in growing.LAYOUTS)]
    filled(PAGE.read_text(), dict.fromkeys(names, ""))


def test_pictures_are_svg_that_shows_every_point() -> None:
    polling = [{"clients": 10**power, "p50_ms": 2.0 * 10**power, "p99_ms": 3.0 * 10**power} for power in range(1, 5)]
    lines = _polylines(latency(polling))
    assert [len(line) for line in lines] == [4, 4]
    across = [x for x, _ in lines[0]]
    third = (across[3] - across[0]) / 3  # a power of ten; places are written to a tenth
    assert [b - a for a, b in pairwise(across)] == pytest.approx([third] * 3, abs=0.1)
    samples = [Sample(name, 5.0 * at, 40.0, 90.0, 60.0, 20, 9) for at in range(10) for name in ("client", "server")]
    assert [len(line) for line in _polylines(memory(samples))] == [10, 10]


def test_a_larger_value_is_higher_and_names_are_escaped() -> None:
    (line,) = _polylines(plot("a < b", Axis("x"), Axis("y & z"), {"<c>": [(0, 1), (5, 8)]}))
    assert line[0][0] < line[1][0]
    assert line[0][1] > line[1][1]
    with pytest.raises(ValueError, match="nothing to show"):
        plot("a", Axis("x"), Axis("y"), {})
    with pytest.raises(ValueError, match="so many"):
        plot("a", Axis("x"), Axis("y"), {name: [(0, 1)] for name in "abcd"})


def _polylines(svg: str) -> list[list[tuple[float, float]]]:
    found = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}polyline")
    return [
        [(float(x), float(y)) for x, y in (pair.split(",") for pair in each.attrib["points"].split())] for each in found
    ]
