"""`deskbell displays`: the displays as Qt sees them, for `deskbell report`.

A process of its own: Qt aborts where the desktop does not answer, or waits for ever, and no report may go with it.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from client.commands import DONE
from client.commands.printing import print_json
from client.core.paths import Paths
from client.core.settings import Settings


def run(_options: argparse.Namespace, _where: Paths, _settings: Settings) -> int:
    from PySide6.QtGui import QGuiApplication

    from client.capture.qscreen import displays

    application = QGuiApplication(["deskbell"])
    print_json([asdict(display) for display in displays(application)])
    return DONE
