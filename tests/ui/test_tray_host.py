"""A desktop without a tray is noticed once, and then left in peace."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QSystemTrayIcon
from pytestqt.qtbot import QtBot

from client.ui import tray_host
from client.ui.tray_host import TrayHost


def test_a_desktop_without_a_tray_is_told_once_and_no_longer_polled(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not QSystemTrayIcon.isSystemTrayAvailable()
    monkeypatch.setattr(tray_host, "LOOK_EVERY_MS", 1)
    monkeypatch.setattr(tray_host, "LOOKS", 3)
    host = TrayHost()
    with qtbot.waitSignal(host.missing):
        host.start()
    assert not host._looking.isActive()
    with qtbot.assertNotEmitted(host.missing, wait=20):
        pass
    host.close()


def test_a_tray_that_comes_up_is_told_once_it_had_time_to_settle(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tray_host, "LOOK_EVERY_MS", 1)
    monkeypatch.setattr(tray_host, "SETTLE_MS", 5)
    host = TrayHost()
    host.start()
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
    with qtbot.waitSignal(host.came):
        pass
    with qtbot.assertNotEmitted(host.came, wait=20):
        pass
    assert not host._looking.isActive()
    host.close()
