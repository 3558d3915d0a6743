"""Ends the program when the system asks: by a signal, or by logging off."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier


class Signals(QObject):
    """Calls `quit_program` on SIGTERM, SIGINT and SIGHUP.

    Python's handlers run only while Python code does: a pipe wakes Qt, which then runs some.
    """

    def __init__(self, quit_program: Callable[[], None]) -> None:
        super().__init__()
        self._quit = quit_program
        self._pipe: tuple[int, int] | None = None
        self._notifier: QSocketNotifier | None = None

    def start(self) -> None:
        names = ("SIGTERM", "SIGINT", "SIGHUP")
        for number in (getattr(signal, name) for name in names if hasattr(signal, name)):
            signal.signal(number, self._handle)
        if sys.platform != "win32":  # there only sockets can wake, and log-off comes as a window event
            self._pipe = os.pipe()
            for end in self._pipe:
                os.set_blocking(end, False)
            signal.set_wakeup_fd(self._pipe[1])
            self._notifier = QSocketNotifier(self._pipe[0], QSocketNotifier.Type.Read)
            self._notifier.activated.connect(self._drain)

    def close(self) -> None:
        if self._pipe is not None:
            signal.set_wakeup_fd(-1)
            assert self._notifier is not None
            self._notifier.setEnabled(False)
            for end in self._pipe:
                os.close(end)
            self._pipe = None

    def _drain(self) -> None:
        if self._pipe is not None:
            os.read(self._pipe[0], 64)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._quit()
