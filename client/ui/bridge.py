"""The one way into the GUI thread."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Signal


class Bridge(QObject):
    """`post` may be called on any thread; `happened` arrives on the thread that made the bridge, in order.

    Also an event that is posted on the GUI thread arrives after the slot that caused it has returned.
    """

    happened = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._posted: deque[object] = deque()

    def post(self, event: object) -> None:
        self._posted.append(event)
        # Not a queued signal: naming that kind of connection takes Qt's whole namespace, a megabyte of it.
        QCoreApplication.postEvent(self, QEvent(QEvent.Type.User))

    def customEvent(self, _event: QEvent) -> None:
        self.happened.emit(self._posted.popleft())
