"""From a click to the panel, and what events do to it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from client.core.errors import Problem
from client.core.events import Delivered, NeedsAttention, NotSaved, OutboxChanged, Saved
from client.core.models import Receipt
from tests.ui.conftest import Flow
from tests.ui.fakes import FakeDraft

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
PROBLEM = Problem("too_large", "This report is too large", "Send it again with fewer pictures.")


def opened(flow: Flow, qtbot: QtBot) -> None:
    flow.reporting.open()
    qtbot.waitUntil(lambda: flow.reporting.panel is not None and flow.reporting.panel.isVisible())


def test_pictures_are_taken_before_the_panel_shows(flow: Flow, qtbot: QtBot) -> None:
    shown_at_the_click: list[bool] = []
    take = flow.camera.take
    flow.camera.take = lambda: (shown_at_the_click.append(flow.reporting.panel is not None), take())[1]  # type: ignore[method-assign]
    opened(flow, qtbot)
    assert shown_at_the_click == [False]
    assert [picture.name for picture in flow.engine.drafts[0].pictures] == ["display-1.png", "display-2.png"]


def test_many_clicks_open_one_panel_with_one_capture(flow: Flow, qtbot: QtBot) -> None:
    flow.reporting.open()
    flow.reporting.open()
    opened(flow, qtbot)
    panel = flow.reporting.panel
    flow.reporting.open()
    flow.reporting.open_when_gone()
    assert flow.reporting.panel is panel
    assert flow.camera.takes == 1
    assert len(flow.engine.drafts) == 1


def test_pictures_are_encoded_and_facts_gathered_after_the_panel_is_painted(flow: Flow, qtbot: QtBot) -> None:
    painted_by_then: list[bool] = []
    begin = flow.engine.begin

    def begin_and_watch(via: str) -> FakeDraft:
        draft = begin(via)
        draft.encode = lambda: painted_by_then.append(is_painted())  # type: ignore[method-assign]
        return draft

    def is_painted() -> bool:
        return flow.reporting.panel is not None and flow.reporting.panel._is_painted

    flow.engine.begin = begin_and_watch  # type: ignore[method-assign]
    flow.reporting.open()
    qtbot.waitUntil(lambda: flow.engine.drafts[0].gathered == 1)
    assert painted_by_then == [True]
    assert flow.engine.refreshes == 1


def test_the_menu_is_off_the_screen_before_pictures_are_taken(flow: Flow, qtbot: QtBot) -> None:
    flow.reporting.open_when_gone()
    assert flow.camera.takes == 0
    qtbot.waitUntil(lambda: flow.reporting.panel is not None)
    assert flow.camera.takes == 1


def test_a_camera_of_the_gui_thread_is_used_on_it(flow: Flow, qtbot: QtBot) -> None:
    flow.camera.on_gui_thread = True
    flow.reporting.open()
    assert flow.reporting.panel is not None


def test_after_a_report_is_saved_a_click_begins_the_next(flow: Flow, qtbot: QtBot) -> None:
    opened(flow, qtbot)
    assert flow.reporting.panel is not None
    flow.reporting.panel.submit()
    flow.bridge.post(Saved("r1"))
    qtbot.waitUntil(lambda: flow.reporting.panel is not None and flow.reporting.panel.is_done)
    flow.reporting.open()
    qtbot.waitUntil(lambda: len(flow.engine.drafts) == 2)
    assert flow.camera.takes == 2


def test_a_panel_closed_while_saving_comes_back_when_saving_fails(flow: Flow, qtbot: QtBot) -> None:
    opened(flow, qtbot)
    panel = flow.reporting.panel
    assert panel is not None
    panel.submit()
    panel.close()
    assert not panel.isVisible()
    flow.engine.drafts[0].is_submitted = False
    flow.bridge.post(NotSaved("r1", PROBLEM))
    qtbot.waitUntil(panel.isVisible)
    assert flow.reporting.panel is panel


def test_a_closed_panel_is_gone_and_the_next_click_opens_a_new_one(flow: Flow, qtbot: QtBot) -> None:
    opened(flow, qtbot)
    assert flow.reporting.panel is not None
    qtbot.keyClick(flow.reporting.panel, Qt.Key.Key_Escape)
    assert flow.reporting.panel is None
    assert flow.engine.drafts[0].put_asides == 1
    opened(flow, qtbot)
    assert len(flow.engine.drafts) == 2


def test_events_of_another_report_leave_the_panel_alone(flow: Flow, qtbot: QtBot) -> None:
    opened(flow, qtbot)
    flow.bridge.post(Delivered("other", Receipt("other", "0" * 64, "other", 7, "new")))
    flow.bridge.post(OutboxChanged(1, 0, False))
    with qtbot.waitSignal(flow.reporting.state_changed):
        pass
    assert flow.reporting.panel is not None
    assert flow.reporting.panel.compose.isVisible()


def test_a_report_that_needs_a_person_shows_up_without_its_panel(flow: Flow, qtbot: QtBot) -> None:
    flow.bridge.post(NeedsAttention("r9", PROBLEM))
    qtbot.waitUntil(lambda: flow.reporting.notice is not None)
    assert flow.reporting.notice is not None
    assert flow.reporting.notice.page.title.text() == "This report is too large"
    flow.reporting.notice.page.again.click()
    assert flow.engine.retries == 1


def test_what_is_wrong_with_the_settings_is_said_in_the_panel(flow: Flow, qtbot: QtBot) -> None:
    flow.engine.problems = (Problem("unknown_setting", "Unknown setting “servre”", "Did you mean “server”?"),)
    opened(flow, qtbot)
    assert flow.reporting.panel is not None
    banner = flow.reporting.panel.compose.findChild(QLabel, "banner")
    assert isinstance(banner, QLabel)
    assert banner.isVisible()
    assert "Did you mean “server”?" in banner.text()


def test_quitting_with_an_open_panel_keeps_its_words(flow: Flow, qtbot: QtBot) -> None:
    opened(flow, qtbot)
    assert flow.reporting.panel is not None
    qtbot.keyClicks(flow.reporting.panel.compose.text, "half")
    flow.reporting.close()
    assert flow.engine.drafts[0].put_asides == 1
    assert flow.engine.drafts[0].text == "half"
