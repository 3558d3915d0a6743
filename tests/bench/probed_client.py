"""The real tray program with a stop-watch beside it: `python -m tests.bench.probed_client PROFILE FIFO`.

Every line on the pipe is a click on the icon: ``now 2`` or ``wait 2``. A report with two pictures, say, follows and is
sent when all is ready, or two seconds after the click. Prints what took how long in milliseconds, as words and numbers.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, Qt, QTimer, Slot

LOOKED_AT_MS = 300
HEAVY = ("requests", "urllib3", "ssl", "psutil", "mss", "sqlite3", "asyncio", "PIL")


def main(profile: str, pipe: str) -> int:
    from client import app
    from client.core.paths import paths
    from client.system.instance import Instance
    from client.ui.tray import Tray

    show = Tray.show

    def shown(tray: Tray) -> None:
        show(tray)
        print("modules", *[name for name in HEAVY if name in sys.modules], flush=True)

    Tray.show = shown  # type: ignore[method-assign]
    places = paths(Path(profile))
    instance = Instance(places.run)
    if not instance.acquire():
        return 1
    program = app.Program(places)
    QTimer.singleShot(0, lambda: QTimer.singleShot(0, lambda: StopWatch(program, pipe)))
    return program.run(show_panel=False)


class StopWatch(QObject):
    """Clicks when told, sends when ready, and says how long it took."""

    def __init__(self, program: object, pipe: str) -> None:
        super().__init__()
        program.watch = self  # type: ignore[attr-defined]
        self._program = program
        self._reporting = program._reporting  # type: ignore[attr-defined]
        self._handle = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        self._told = QSocketNotifier(self._handle, QSocketNotifier.Type.Read)
        self._told.activated.connect(self._click)
        self._watch_panels()
        program._bridge.happened.connect(self._note)  # type: ignore[attr-defined]
        self._clicked = self._sent = 0.0
        self._due: set[str] = set()
        self._waits = False
        print("ready", flush=True)

    def _watch_panels(self) -> None:
        from client.ui.panel import Panel

        make = Panel.__init__

        def made(panel: Panel, *arguments: Any, **named: Any) -> None:
            make(panel, *arguments, **named)
            panel.painted.connect(self.painted, Qt.ConnectionType.QueuedConnection)

        Panel.__init__ = made  # type: ignore[method-assign]

    def _click(self) -> None:
        how, pictures = os.read(self._handle, 100).split()
        self._waits = how == b"wait"
        self._due = {"painted", "facts", *(f"picture{number}" for number in range(1, int(pictures) + 1))}
        self._clicked = time.perf_counter()
        self._program._tray.asked.emit()  # type: ignore[attr-defined]
        if self._waits:
            QTimer.singleShot(2000, self._send)

    @Slot()
    def painted(self) -> None:
        """The panel and all in it have been painted."""
        self._done("painted", self._clicked)

    def _done(self, what: str, since: float) -> None:
        print(what, (time.perf_counter() - since) * 1000, flush=True)
        self._due.discard(what)
        if not self._due and not self._waits:
            QTimer.singleShot(LOOKED_AT_MS, self._send)

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._due = {"never"}
        self._reporting.panel.submit()

    def _note(self, event: object) -> None:
        name = type(event).__name__
        if name == "PictureReady":
            self._done(f"picture{event.picture_id}", self._clicked)  # type: ignore[attr-defined]
        elif name == "FactsFound":
            self._done("facts", self._clicked)
        elif name == "Waiting":
            print("waiting", event.problem.code, event.problem.detail, flush=True)  # type: ignore[attr-defined]
        elif name in ("Saved", "Accepted", "Delivered"):
            self._done(name.lower(), self._sent)
            if name == "Delivered":
                QTimer.singleShot(0, self._reporting.panel.close)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
