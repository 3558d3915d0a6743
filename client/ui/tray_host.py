"""Notices a tray that starts after the program, and a desktop that has none."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtDBus import QDBusConnection, QDBusServiceWatcher
from PySide6.QtWidgets import QSystemTrayIcon

WATCHER = "org.kde.StatusNotifierWatcher"
SETTLE_MS = 1500  # a tray is not ready at once when its name appears on the bus
LOOK_EVERY_MS = 1000
LOOKS = 30  # then only the bus is watched, so that an idle program never wakes up


class TrayHost(QObject):
    """`came`: a tray is there now that was not when the icon was made. `missing`: there is none after half a minute."""

    came = Signal()
    missing = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._bus = QDBusConnection.sessionBus()
        self._watch = QDBusServiceWatcher(WATCHER, self._bus, QDBusServiceWatcher.WatchModeFlag.WatchForRegistration)
        self._watch.serviceRegistered.connect(self._settle)
        self._settling = QTimer()
        self._settling.setSingleShot(True)
        self._settling.setInterval(SETTLE_MS)
        self._settling.timeout.connect(self._arrive)
        self._looking = QTimer()
        self._looking.setInterval(LOOK_EVERY_MS)
        self._looking.timeout.connect(self._look)
        self._looks = 0

    def start(self) -> None:
        if not QSystemTrayIcon.isSystemTrayAvailable():
            self._looking.start()

    def close(self) -> None:
        self._looking.stop()
        self._settling.stop()

    def _settle(self) -> None:
        self._settling.start()

    def _arrive(self) -> None:
        self._looking.stop()
        self.came.emit()

    def _look(self) -> None:
        self._looks += 1
        if QSystemTrayIcon.isSystemTrayAvailable():
            self._looking.stop()
            if not self._settling.isActive():
                self._settling.start()
        elif self._looks >= LOOKS:
            self._looking.stop()
            self.missing.emit()
