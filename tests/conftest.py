"""What holds for all tests: nothing is left behind, and in CI nothing is skipped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.rigs.processes import MARK

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

IN_CI = os.environ.get("CI") == "true"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*programs): skipped where one of these programs is not installed")
    config.addinivalue_line("markers", "needs_root: skipped where the tests do not run as root")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        missing = [name for name in marker.args if not shutil.which(name)]
        if missing:
            pytest.skip(f"not installed: {', '.join(missing)} (installer/linux/need-packages demo tests)")
    if item.get_closest_marker("needs_root") and getattr(os, "geteuid", lambda: 1)() != 0:
        pytest.skip("needs root")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and in CI nothing may be: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def nothing_stays_behind() -> Iterator[None]:
    """Fails the run when a program that a rig started is alive in the end."""
    import psutil

    yield
    me = psutil.Process()
    left = [child for child in me.children(recursive=True) if MARK in _environment(child)]
    assert left == []


def _environment(process: object) -> dict[str, str]:
    import psutil

    assert isinstance(process, psutil.Process)
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}
