"""PySide6 does not slow down what is imported after it."""

from __future__ import annotations

import subprocess
import sys

from tests.rigs.session import ROOT


def lines_kept(then: str) -> str:
    """Whether the lines of a module imported after PySide6, and after `then`, are kept in memory."""
    script = f"from PySide6.QtWidgets import QWidget\n{then}\nimport colorsys, linecache\n"
    script += "print(any(name.endswith('colorsys.py') for name in linecache.cache))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_source_of_what_is_imported_later_is_neither_read_nor_kept() -> None:
    assert lines_kept("from client.ui import imports; imports.restore()") == "False"


def test_without_that_it_would_be() -> None:
    """Once this fails, client/ui/imports.py is of no use any more."""
    assert lines_kept("") == "True"
