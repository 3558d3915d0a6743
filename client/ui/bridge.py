"""The one way into the GUI thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class Bridge(QObject):
    """`post` may be called on any thread; `happened` arrives on the thread that made the bridge.

    Connect with `Qt.ConnectionType.QueuedConnection`: then also an event that is posted on the GUI thread arrives after
    the slot that caused it has returned.
    """

    happened = Signal(object)

    def post(self, event: object) -> None:
        self.happened.emit(event)
