"""A window with a title, for the tests of what is in front: `python -m tests.system.window TITLE`."""

from __future__ import annotations

import sys

from PySide6.QtGui import QGuiApplication, QRasterWindow


def main(title: str) -> int:
    app = QGuiApplication([])
    window = QRasterWindow()
    window.setTitle(title)
    window.resize(300, 200)
    window.show()
    return app.exec()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
