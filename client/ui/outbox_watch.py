"""Notices reports that another process saved, such as `deskbell report` in a terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer

SETTLED_MS = 200  # this program's own reports are in their place by then, and nothing is new


class OutboxWatch(QObject):
    """Calls `look` a moment after something changed in `folder`; the system tells, nothing is polled."""

    def __init__(self, folder: Path, look: Callable[[], None]) -> None:
        super().__init__()
        self._folder = folder
        self._watcher = QFileSystemWatcher()
        self._settled = QTimer()
        self._settled.setSingleShot(True)
        self._settled.setInterval(SETTLED_MS)
        self._settled.timeout.connect(look)
        self._watcher.directoryChanged.connect(self._change)

    def start(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._watcher.addPath(str(self._folder))

    def close(self) -> None:
        self._watcher.removePaths(self._watcher.directories())
        self._settled.stop()

    def _change(self) -> None:
        self._settled.start()
