"""The icon carries one state at a time, and its menu says the same."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QSystemTrayIcon
from pytestqt.qtbot import QtBot

from client.core.events import Mood, OutboxChanged
from client.ui.tray import SIZES, Tray, tray_icon

pytestmark = pytest.mark.qt_log_ignore("systemTrayWindowChanged")


@pytest.mark.parametrize("state", [*Mood, "reply"])
def test_every_state_has_a_picture_in_every_size(qapp: object, state: str) -> None:
    icon = tray_icon(str(state))
    assert sorted(size.width() for size in icon.availableSizes()) == sorted(SIZES)
    image = icon.pixmap(22, 22).toImage()
    assert image.pixelColor(4, 11).alpha() > 0


def test_states_look_different_at_the_smallest_size(qapp: object) -> None:
    images = [bytes(tray_icon(str(state)).pixmap(16, 16).toImage().constBits()) for state in [*Mood, "reply"]]
    assert len(set(images)) == len(images)


def test_the_menu_begins_with_reporting_and_offers_what_waits(qtbot: QtBot) -> None:
    tray = Tray()
    tray.show()
    tray.show_state(OutboxChanged(0, 0, False))
    texts = [action.text() for action in tray._menu.actions() if action.isVisible() and not action.isSeparator()]
    assert texts == ["Report a problem", "Quit"]
    tray.show_state(OutboxChanged(2, 1, False))
    assert tray._retry.text() == "3 reports are not sent yet – try now"
    with qtbot.waitSignal(tray.send_asked):
        tray._retry.trigger()
    with qtbot.waitSignal(tray.asked_by_menu):
        tray._report.trigger()
    tray.hide()


def test_left_click_and_double_click_ask_for_a_report(qtbot: QtBot) -> None:
    tray = Tray()
    tray.show()
    for reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
        with qtbot.waitSignal(tray.asked):
            tray._activate(reason)
    with qtbot.assertNotEmitted(tray.asked):
        tray._activate(QSystemTrayIcon.ActivationReason.MiddleClick)
    tray.hide()


def test_a_new_icon_keeps_the_state(qtbot: QtBot) -> None:
    tray = Tray()
    tray.show()
    tray.show_state(OutboxChanged(1, 0, False))
    tray.show()
    assert tray._icon is not None
    assert tray._icon.toolTip() == "Deskbell – 1 report is not sent yet"
    assert isinstance(tray._icon.icon(), QIcon)
    tray.hide()
