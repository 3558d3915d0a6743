"""Faults of the program itself: written down, told plainly, and the program goes on."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QObject, Signal

from client.core.errors import Problem
from client.core.words import _
from client.ui.bridge import Bridge


class _Fault:
    """On its way to the GUI thread."""


class Crashes(QObject):
    """`crashed` says, in words, that something went wrong; once, since a fault may come a hundred times."""

    crashed = Signal(object)

    def __init__(self, bridge: Bridge, write: Callable[[str, BaseException], None]) -> None:
        super().__init__()
        self._bridge = bridge
        self._write = write
        self._is_told = False
        bridge.happened.connect(self._tell)

    def handle(self, _kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """For `sys.excepthook`: an exception that no slot caught."""
        self.note("window", error.with_traceback(trace))

    def note(self, source: str, error: BaseException) -> None:
        """For lanes; on any thread."""
        self._write(source, error)
        self._bridge.post(_Fault())

    def _tell(self, event: object) -> None:
        if isinstance(event, _Fault) and not self._is_told:
            self._is_told = True
            title = _("Something in Deskbell went wrong")
            detail = _(
                "Your reports are safe, and Deskbell goes on. If something does not work, quit and start it again."
            )
            self.crashed.emit(Problem("crash", title, detail))
