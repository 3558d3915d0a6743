"""What is on the screen stays where it is: a hand may be on its way to it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from client.core.events import Accepted, FactsFound, PictureFailed, PictureReady, Saved
from client.core.models import DeskInfo, Fact, Receipt
from tests.ui.conftest import OpenPanel
from tests.ui.fakes import DESK, FACTS, OTHER_DESK

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
ODD = tuple(Fact(f"odd{number}", "Disks", "C: 3 GB free of 256 GB\n" * 5, "low") for number in range(3))
LONG = (Fact("host", "Computer", "LAPTOP-OF-SOMEBODY-" * 9), Fact("os", "Operating system", "Windows 11 " * 20))


@pytest.mark.parametrize("desk", [None, DESK], ids=["desk unknown", "desk known"])
@pytest.mark.parametrize("facts", [FACTS[:3], FACTS[:1] + ODD[:1], LONG + ODD], ids=["plain", "one odd", "all long"])
def test_nothing_moves_while_the_user_aims(
    open_panel: OpenPanel, desk: DeskInfo | None, facts: tuple[Fact, ...]
) -> None:
    opened = open_panel(desk=desk, facts=())
    panel = opened.panel
    sizes: list[object] = []
    panel.resized.connect(lambda: sizes.append(panel.wanted_size()))
    before, wanted = places(panel), panel.wanted_size()
    assert {"send", "thumbnail-1", "tick-2", "blocking", "facts"} < set(before)
    opened.draft.facts = facts
    panel.take_event(FactsFound("r1", facts))
    panel.take_event(PictureReady("r1", 1, 1000))
    panel.take_event(PictureFailed("r1", 2))
    panel.note_desk(OTHER_DESK)
    QApplication.processEvents()
    after = places(panel)
    del before["tick-2"]  # there is no picture any more that could be ticked
    assert after == before
    assert panel.wanted_size() == wanted
    assert sizes == []


def test_the_second_click_of_a_double_click_on_send_meets_the_window_and_presses_nothing(
    open_panel: OpenPanel, qtbot: QtBot
) -> None:
    panel = open_panel().panel
    send = panel.compose.send
    spot = send.mapTo(panel, send.rect().center())
    qtbot.mouseClick(send, Qt.MouseButton.LeftButton)
    panel.take_event(Saved("r1"))
    with qtbot.assertNotEmitted(panel.resized):
        panel.take_event(Accepted("r1", Receipt("r1", "0" * 64, "r1", 1042, "new")))
    QApplication.processEvents()
    assert panel.rect().contains(spot)
    assert not isinstance(panel.childAt(spot), QAbstractButton)
    with qtbot.waitSignal(panel.resized):
        pass


def places(window: QWidget) -> dict[str, QRect]:
    """Where on the window everything is that can be clicked."""
    return {
        widget.objectName(): widget.rect().translated(widget.mapTo(window, QPoint()))
        for widget in window.findChildren(QAbstractButton)
        if widget.isVisible() and widget.objectName()
    }
