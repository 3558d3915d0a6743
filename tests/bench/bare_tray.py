"""The floor: the least PySide6 program with a tray icon, and what a click costs at least.

With ``--grab FIFO`` a line on the pipe stands for the click: both displays are grabbed and an empty window is shown.
"""

from __future__ import annotations

import os
import sys

from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon, QWidget


def main() -> int:
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    pixels = QPixmap(32, 32)
    pixels.fill(QColor("#2266cc"))
    icon, menu = QSystemTrayIcon(QIcon(pixels)), QMenu()
    menu.addAction("Report")
    icon.setContextMenu(menu)
    icon.show()
    if "--grab" in sys.argv:
        grab_when_told(app, sys.argv[-1])
    return app.exec()


def grab_when_told(app: QApplication, pipe: str) -> None:
    import time

    import mss
    from PySide6.QtCore import QSocketNotifier, Qt, QTimer
    from PySide6.QtGui import QPaintEvent

    class Empty(QWidget):
        def paintEvent(self, event: QPaintEvent) -> None:
            QTimer.singleShot(0, self.report)

        def report(self) -> None:
            print("painted", (time.perf_counter() - self.started) * 1000, flush=True)
            self.close()

    def grab() -> None:
        os.read(handle, 100)
        started = time.perf_counter()
        with mss.MSS() as source:
            shots = [source.grab(monitor) for monitor in source.monitors[1:]]
        window = Empty()
        window.started = started
        window.shots = shots
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.resize(400, 600)
        app.window = window
        window.show()

    handle = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    app.notifier = QSocketNotifier(handle, QSocketNotifier.Type.Read)
    app.notifier.activated.connect(grab)


if __name__ == "__main__":
    sys.exit(main())
