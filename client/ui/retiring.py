"""The end of a window."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QObject, QTimer


def retire(thing: QObject) -> None:
    """Delete `thing` with all it holds, once the slots that run now have returned.

    Left to Python, a window in a reference cycle would be deleted by the garbage collector, on whatever thread it runs.
    """

    def delete() -> None:
        if shiboken6.isValid(thing):
            shiboken6.delete(thing)

    QTimer.singleShot(0, delete)
