"""The promise of the rigs: whatever ends a test, its programs end with it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.rigs.processes import marked
from tests.rigs.session import ROOT
from tests.rigs.waiting import wait_until

pytestmark = pytest.mark.needs("Xvfb", "openbox", "trayer", "dbus-daemon", "setpriv")

_DESKTOP = """
import signal
from tests.rigs.desktop import x_desktop
with x_desktop() as desktop:
    print(desktop.session.processes.mark, desktop.session.folder, flush=True)
    signal.pause()
"""


def test_a_killed_test_leaves_no_program_behind() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _DESKTOP], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as rig:
        assert rig.stdout is not None
        mark, folder = rig.stdout.readline().split()
        assert len(marked(mark)) >= 5
        rig.send_signal(signal.SIGKILL)
    wait_until(lambda: not marked(mark), "all programs of the killed rig to end")
    subprocess.run(["rm", "-r", folder], check=True)
