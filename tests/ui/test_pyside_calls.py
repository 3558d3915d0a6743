"""The pin of PySide6: some versions abort on some Pythons after thousands of calls that return nothing."""

from __future__ import annotations

import os
import subprocess
import sys

_CALLS = """
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication([])
label = QLabel()
for number in range(20_000):
    label.setText("")
    label.update()
print(number + 1)
"""


def test_twenty_thousand_calls_that_return_nothing_do_not_abort() -> None:
    result = subprocess.run(
        [sys.executable, "-c", _CALLS],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout.strip()) == (0, "20000"), result.stderr
