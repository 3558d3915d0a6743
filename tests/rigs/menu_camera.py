"""A tray icon whose menu takes pictures through the portal: `python -m tests.rigs.menu_camera FOLDER DELAY-MS…`.

The n-th click on its entry takes a picture at the n-th delay, stores it in the folder as ``N.png`` and prints
``N taken MS``, where MS is how long after the click the portal was called.
"""

from __future__ import annotations

import sys
import time
from itertools import count
from pathlib import Path
from urllib.parse import unquote, urlparse

from PySide6.QtCore import SLOT, QObject, QTimer, Slot
from PySide6.QtDBus import QDBusConnection, QDBusMessage
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon

_PORTAL = "org.freedesktop.portal.Desktop"


class MenuCamera(QObject):
    def __init__(self, folder: Path, delays_ms: list[int]) -> None:
        super().__init__()
        self._folder = folder
        self._delays = iter(enumerate(delays_ms))
        self._tokens = count()
        self._bus = QDBusConnection.sessionBus()
        self._number = 0
        self._clicked = self._called = 0.0

    def clicked(self) -> None:
        self._clicked = time.monotonic()
        self._number, delay_ms = next(self._delays)
        # Without a delay the portal is called before the event loop goes on.
        if delay_ms:
            QTimer.singleShot(delay_ms, self._take)
        else:
            self._take()

    def _take(self) -> None:
        token = f"rig{next(self._tokens)}"
        sender = self._bus.baseService()[1:].replace(".", "_")
        path = f"/org/freedesktop/portal/desktop/request/{sender}/{token}"
        request = "org.freedesktop.portal.Request"
        self._bus.connect(_PORTAL, path, request, "Response", self, SLOT("answered(uint,QVariantMap)"))
        call = QDBusMessage.createMethodCall(
            _PORTAL, "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Screenshot", "Screenshot"
        )
        call.setArguments(["", {"handle_token": token, "interactive": False}])
        self._called = time.monotonic()
        self._bus.asyncCall(call)

    @Slot("uint", "QVariantMap")
    def answered(self, code: int, results: dict[str, str]) -> None:
        if code == 0:
            Path(unquote(urlparse(results["uri"]).path)).rename(self._folder / f"{self._number}.png")
        print(
            self._number, "taken" if code == 0 else "refused", round((self._called - self._clicked) * 1000), flush=True
        )


def main(folder: str, *delays_ms: str) -> int:
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    pixels = QPixmap(64, 64)
    pixels.fill(QColor("#2266cc"))
    icon, menu = QSystemTrayIcon(QIcon(pixels)), QMenu()
    camera = MenuCamera(Path(folder), [int(each) for each in delays_ms])
    menu.addAction("Report a problem").triggered.connect(camera.clicked)
    icon.setContextMenu(menu)
    icon.show()
    return app.exec()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
