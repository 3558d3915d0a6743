"""What holds for all tests: nothing is left behind, and in CI nothing is skipped."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator

import pytest

from tests.rigs.processes import MARK

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# Elsewhere there are no virtual desktops, so some tests have nothing to run on.
IN_CI = os.environ.get("CI") == "true" and sys.platform.startswith("linux")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*programs): skipped where one of these programs is not installed")
    config.addinivalue_line("markers", "both: runs on SQLite and on PostgreSQL (tests/server)")
    config.addinivalue_line("markers", "on_postgresql: runs on PostgreSQL alone (tests/server)")
    config.addinivalue_line("markers", "needs_root: skipped where the tests do not run as root")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        missing = [name for name in marker.args if not shutil.which(name)]
        if missing:
            groups = "demo tests faults bundle deb install"
            pytest.skip(f"not installed: {', '.join(missing)} (installer/linux/need-packages {groups})")
    if item.get_closest_marker("needs_root") and getattr(os, "geteuid", lambda: 1)() != 0:
        pytest.skip("needs root")


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if IN_CI and reporter and reporter.stats.get("skipped"):
        reporter.write_line("In CI no test may be skipped; the reasons are below.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


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
