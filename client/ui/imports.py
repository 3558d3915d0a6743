"""Imports as Python makes them.

For its `from __feature__ import …` PySide6 puts a function of its own in the place of `__import__`, which reads the
source of every module imported after it, and leaves the lines in `linecache`: half again of the time and of the memory
that the module takes. Nothing here uses those features.
"""

from __future__ import annotations

import builtins
import linecache


def restore() -> None:
    """Undo what PySide6 did to imports; call it once PySide6 is loaded. Where it did nothing, nothing is done."""
    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
    linecache.clearcache()
