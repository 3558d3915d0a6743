"""docs/reliability.md names what shows each promise: all of it is there, and nothing that was tried is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.faults.campaign import every_campaign
from tests.faults.rows import PAGE, ROOT, rows

FAULTS_AT_LEAST = 120
SINGLES = "tests/faults/singles"
GROUPS = ("Storage", "Process", "Network", "Answers", "Time", "Content", "Identity")


def _collected(*wanted: str) -> subprocess.CompletedProcess[str]:
    """What pytest finds under these node ids or folders, a line each."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    return subprocess.run([*command, *wanted], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_there_are_rows_of_every_group_and_each_fault_once() -> None:
    table = rows(PAGE.read_text())
    assert len(table) >= FAULTS_AT_LEAST
    assert tuple(dict.fromkeys(row.group for row in table)) == GROUPS
    assert len({(row.fault, row.made) for row in table}) == len(table)
    assert [row.fault for row in table if not row.tests and not row.campaigns] == []


@pytest.fixture(scope="module")
def collected() -> subprocess.CompletedProcess[str]:
    """All that is named, and all single faults."""
    return _collected(*{test for row in rows(PAGE.read_text()) for test in row.tests}, SINGLES)


def test_every_test_that_is_named_exists(collected: subprocess.CompletedProcess[str]) -> None:
    assert collected.returncode == 0, collected.stdout[-3000:] + collected.stderr[-3000:]


def test_every_campaign_that_is_named_exists() -> None:
    named = {campaign for row in rows(PAGE.read_text()) for campaign in row.campaigns}
    assert named <= set(every_campaign())


def test_every_single_fault_that_is_tried_has_its_row(collected: subprocess.CompletedProcess[str]) -> None:
    named = {test.partition("[")[0] for row in rows(PAGE.read_text()) for test in row.tests}
    tried = {line.partition("[")[0] for line in collected.stdout.splitlines() if line.startswith(SINGLES)}
    assert tried
    assert tried - named == set()


def test_a_test_that_does_not_exist_would_be_noticed() -> None:
    assert _collected("tests/faults/test_rows.py::test_that_was_renamed").returncode != 0


@pytest.mark.parametrize("row", ["| a | b | c | d |", "| a | b | c |  | `e` |"])
def test_a_row_that_is_not_whole_is_noticed(row: str) -> None:
    with pytest.raises(ValueError, match="columns"):
        rows(f"## Single faults and bad inputs\n\n### Storage\n\n{row}\n")
