"""The real tray program, which also says what its user saw: `python -m tests.faults.soaking.tray_client PROFILE`.

One line of JSON for each event that its windows were told, after they were told; and where Send is, once it is painted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Slot


def main(profile: str) -> int:
    from client import app
    from client.core.paths import paths
    from client.system.instance import Instance

    places = paths(Path(profile))
    instance = Instance(places.run)
    if not instance.acquire():
        return 1
    program = app.Program(places)
    # As soon as the program has put its parts together, which it does in the first turn of the event loop.
    QTimer.singleShot(0, lambda: QTimer.singleShot(0, lambda: Witness(program)))
    return program.run(show_panel=False)


class Witness(QObject):
    """Looks on, and says what there was to see."""

    def __init__(self, program: Any) -> None:
        super().__init__()
        program.witness = self
        self._reporting = program._reporting
        program._bridge.happened.connect(self._note, Qt.ConnectionType.QueuedConnection)
        self._watch_panels()
        _say("ready")

    def _watch_panels(self) -> None:
        from client.ui.panel import Panel

        make = Panel.__init__

        def made(panel: Panel, *arguments: Any, **named: Any) -> None:
            make(panel, *arguments, **named)
            panel.painted.connect(self.painted, Qt.ConnectionType.QueuedConnection)

        Panel.__init__ = made  # type: ignore[method-assign]

    @Slot()
    def painted(self) -> None:
        """The panel is on the screen."""
        button = self._reporting.panel.compose.send
        middle = button.mapToGlobal(button.rect().center())
        _say("painted", send=[middle.x(), middle.y()])

    def _note(self, event: Any) -> None:
        name = type(event).__name__
        panel = self._reporting.panel
        more: dict[str, Any] = {}
        if name == "Saved" and panel is not None and event.report_id == panel.draft.report_id:
            more["text"] = panel.compose.text.toPlainText().strip()
            more["pictures"] = [one.sha256 for one in panel.draft.pictures if one.is_included]
        if name in ("Saved", "NotSaved", "Delivered", "Waiting", "NeedsAttention"):
            problem = getattr(event, "problem", None)
            _say(name, report_id=event.report_id, code=problem.code if problem else None, **more)
        elif name == "OutboxChanged":
            _say(name, waiting=event.waiting, attention=event.attention)


def _say(told: str, **more: object) -> None:
    print(json.dumps({"told": told, **more}), flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
