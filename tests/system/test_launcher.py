from __future__ import annotations

import configparser
import subprocess

import pytest

from tests.rigs.session import ROOT

LAUNCHER = ROOT / "installer/linux/org.deskbell.Deskbell.desktop"


@pytest.mark.needs("desktop-file-validate")
def test_the_launcher_is_valid() -> None:
    done = subprocess.run(
        ["desktop-file-validate", str(LAUNCHER)], check=False, capture_output=True, text=True, timeout=10
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_the_launcher_offers_a_report() -> None:
    entries = configparser.ConfigParser(interpolation=None)
    entries.read(LAUNCHER, "utf-8")

    assert entries["Desktop Entry"]["Actions"] == "report;"
    assert entries["Desktop Action report"]["Exec"] == "deskbell report --panel"
