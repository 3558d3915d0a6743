"""What the panel does with what the user does."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from client.core.errors import Problem
from client.core.events import (
    Accepted,
    Delivered,
    FactsFound,
    NeedsAttention,
    NotSaved,
    PictureFailed,
    PictureReady,
    Saved,
    Waiting,
)
from client.core.models import Category, DeskInfo, Flaw, Receipt
from client.core.picture import Picture
from client.ui import phrases
from client.ui.screens import columns_for, tile_size
from client.ui.tiles import Tile
from tests.ui.conftest import Opened, OpenPanel
from tests.ui.fakes import DESK, FACTS, OTHER_DESK, TAKEN_AT, FakeDraft, display, flawed, shot

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
LEFT = Qt.MouseButton.LeftButton
FULL = Problem("disk_full", "This report could not be saved", "The disk of this PC is full.")
OFFLINE = Problem("no_connection", "No connection right now", "Your report is safe on this PC and is sent by itself.")
RECEIPT = Receipt("r1", "0" * 64, "r1", 1042, "new")


def visible_words(window: QWidget) -> str:
    labels = [label.text() for label in window.findChildren(QLabel) if label.isVisible()]
    return "\n".join(labels)


def tiles(opened: Opened) -> dict[int, Tile]:
    return opened.panel.compose.screens.tiles


def test_the_text_box_has_the_focus_when_the_panel_opens(open_panel: OpenPanel) -> None:
    assert open_panel().panel.compose.text.hasFocus()


def test_double_click_and_enter_submit_once(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    send = opened.panel.compose.send
    qtbot.mouseDClick(send, LEFT)
    qtbot.mouseClick(send, LEFT)
    qtbot.keyClick(send, Qt.Key.Key_Return)
    qtbot.keyClick(opened.panel.compose.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert opened.draft.submissions == 1


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_control_and_enter_sends_what_was_typed(open_panel: OpenPanel, qtbot: QtBot, key: Qt.Key) -> None:
    opened = open_panel()
    qtbot.keyClicks(opened.panel.compose.text, "no sound")
    qtbot.keyClick(opened.panel.compose.text, key, Qt.KeyboardModifier.ControlModifier)
    assert opened.draft.submissions == 1
    assert opened.draft.text == "no sound"


def test_send_needs_no_text(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    qtbot.mouseClick(opened.panel.compose.send, LEFT)
    assert opened.draft.submissions == 1


def test_a_report_that_is_not_saved_at_once_says_so_and_cannot_be_changed(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    qtbot.mouseClick(opened.panel.compose.send, LEFT)
    qtbot.waitUntil(lambda: not opened.panel.compose.send.isEnabled())
    assert not opened.panel.compose.text.isEnabled()
    assert opened.panel.compose.send.text() == "Saving …"


def test_what_the_desk_has_at_once_is_not_first_shown_as_being_sent(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    forms: list[str] = []
    opened.panel.resized.connect(lambda: forms.append(opened.panel.outcome.form))
    qtbot.mouseClick(opened.panel.compose.send, LEFT)
    assert opened.panel.compose.send.text() == "Send to IT"
    opened.panel.take_event(Saved("r1"))
    opened.panel.take_event(Accepted("r1", RECEIPT))
    assert opened.panel.is_done
    assert "Ticket 1042 is with IT" in visible_words(opened.panel)
    qtbot.waitUntil(lambda: bool(forms))  # longer than what is slow
    assert forms == ["good"]


def test_a_tick_in_the_moment_after_send_stays_as_it_was_sent(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel(shot(1), shot(2))
    qtbot.mouseClick(opened.panel.compose.send, LEFT)
    tick = tiles(opened)[2].tick
    tick.click()
    assert tick.isChecked()
    assert [picture.is_included for picture in opened.draft.pictures] == [True, True]


def test_escape_puts_the_draft_aside_with_its_words(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    qtbot.keyClicks(opened.panel.compose.text, "half a thought")
    qtbot.keyClick(opened.panel.compose.text, Qt.Key.Key_Escape)
    assert opened.draft.put_asides == 1
    assert opened.draft.text == "half a thought"
    assert not opened.panel.isVisible()


def test_closing_the_window_puts_the_draft_aside(open_panel: OpenPanel) -> None:
    opened = open_panel()
    opened.panel.close()
    assert opened.draft.put_asides == 1


def test_closing_after_send_puts_nothing_aside(open_panel: OpenPanel) -> None:
    opened = open_panel()
    opened.panel.submit()
    opened.panel.close()
    assert opened.draft.put_asides == 0


def test_words_of_an_unsent_draft_come_back_and_it_is_said(open_panel: OpenPanel) -> None:
    draft = FakeDraft(is_restored=True)
    draft.text, draft.category, draft.blocking = "Outlook", "signin", True
    opened = open_panel(draft=draft)
    compose = opened.panel.compose
    assert compose.text.toPlainText() == "Outlook"
    assert compose.chips.buttons["signin"].isChecked()
    assert compose.blocking.isChecked()
    assert "What you had not sent yet is back." in visible_words(opened.panel)


def test_pictures_from_before_a_crash_are_marked(open_panel: OpenPanel) -> None:
    draft = FakeDraft(is_restored=True)
    draft.pictures = (Picture(id=1, name="display-1.png", taken_at=TAKEN_AT, display=display(1), is_earlier=True),)
    opened = open_panel(shot(2), draft=draft)
    captions = visible_words(opened.panel)
    assert "Display 1 · earlier," in captions
    assert len(tiles(opened)) == 2


def test_one_category_at_most_and_a_second_click_takes_it_back(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    chips = opened.panel.compose.chips.buttons
    qtbot.mouseClick(chips["slow"], LEFT)
    qtbot.mouseClick(chips["printer"], LEFT)
    assert opened.draft.category == "printer"
    assert [id_ for id_, chip in chips.items() if chip.isChecked()] == ["printer"]
    qtbot.mouseClick(chips["printer"], LEFT)
    assert opened.draft.category is None
    assert not any(chip.isChecked() for chip in chips.values())


def test_a_choice_survives_while_the_desk_is_not_known(open_panel: OpenPanel, qtbot: QtBot) -> None:
    draft = FakeDraft()
    draft.category = "slow"
    opened = open_panel(draft=draft, desk=None)
    assert not opened.panel.compose.chips.isVisible()
    qtbot.keyClicks(opened.panel.compose.text, "so slow")
    assert (draft.text, draft.category) == ("so slow", "slow")


def test_an_unticked_picture_is_not_sent_and_says_so(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    qtbot.mouseClick(tiles(opened)[2].tick, LEFT)
    assert [picture.is_included for picture in opened.draft.pictures] == [True, False]
    assert "Display 2 · not sent" in visible_words(opened.panel)


def test_a_tick_answers_to_the_space_bar(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    qtbot.keyClick(tiles(opened)[1].tick, Qt.Key.Key_Space)
    assert [picture.is_included for picture in opened.draft.pictures] == [False, True]


def test_a_click_on_a_picture_shows_it_large_with_its_tick(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel(shot(1, 800, 600, colour=b"\x10\x20\xe0\xff"))
    qtbot.mouseClick(tiles(opened)[1].preview, LEFT, pos=QPoint(20, 60))
    window = opened.panel._picture_window
    assert window is not None
    assert window.canvas.image.size() == QSize(800, 600)
    assert window.canvas.image.pixelColor(400, 300).getRgb()[:3] == (0xE0, 0x20, 0x10)
    window.tick.setChecked(False)
    assert not opened.draft.pictures[0].is_included
    assert not tiles(opened)[1].tick.isChecked()
    window.close()
    qtbot.waitUntil(lambda: opened.panel._picture_window is None)


@pytest.mark.parametrize("flaw", list(Flaw))
def test_every_flaw_is_said_in_words_and_stops_nothing(open_panel: OpenPanel, qtbot: QtBot, flaw: Flaw) -> None:
    opened = open_panel(shot(1), flawed(2, flaw))
    assert not tiles(opened)[2].tick.isVisible()
    remarks = [
        label.text()
        for label in opened.panel.compose.screens.findChildren(QLabel)
        if label.property("part") == "warn" and label.isVisible()
    ]
    assert len(remarks) == 1
    assert len(remarks[0]) > 20
    qtbot.mouseClick(opened.panel.compose.send, LEFT)
    assert opened.draft.submissions == 1


def test_a_desktop_without_any_picture_says_so_once(open_panel: OpenPanel) -> None:
    opened = open_panel(flawed(1, Flaw.UNAVAILABLE), flawed(2, Flaw.UNAVAILABLE))
    assert not tiles(opened)
    assert visible_words(opened.panel).count("offers no way to take pictures") == 1


def test_a_picture_that_fails_later_is_unticked_and_said(open_panel: OpenPanel) -> None:
    opened = open_panel()
    opened.panel.take_event(PictureFailed("r1", 2))
    assert not tiles(opened)[2].tick.isChecked()
    preview = tiles(opened)[2].preview
    assert preview.words == "This picture could not be kept"
    assert "The picture of display 2 could not be kept" in preview.toolTip()
    assert QAccessible.queryAccessibleInterface(preview).text(QAccessible.Text.Description) == preview.toolTip()


@pytest.mark.parametrize("count", range(1, 9))
def test_any_number_of_displays_fits_the_panel(open_panel: OpenPanel, count: int) -> None:
    opened = open_panel(*(shot(number, 192, 108) for number in range(1, count + 1)))
    shown = tiles(opened)
    assert len(shown) == count
    for tile in shown.values():
        right = tile.mapTo(opened.panel, QPoint(tile.width(), 0)).x()
        assert right <= opened.panel.width()
    assert opened.panel.compose.middle.verticalScrollBar().maximum() == 0


@pytest.mark.parametrize(("width", "height"), [(3840, 2160), (1080, 1920), (5120, 1440), (1, 1), (800, 600)])
@pytest.mark.parametrize("count", [1, 2, 8])
def test_tiles_keep_within_the_width(width: int, height: int, count: int) -> None:
    picture = Picture(id=1, name="", taken_at=TAKEN_AT, display=display(1, width, height))
    size = tile_size(picture, count, 368)
    columns = columns_for(count)
    assert size.width() * columns + (columns - 1) * 8 <= 368
    assert size.width() > 0
    assert size.height() > 0


def test_send_stays_visible_on_a_small_screen_while_the_middle_scrolls(open_panel: OpenPanel) -> None:
    opened = open_panel(size=QSize(400, 320))
    send = opened.panel.compose.send
    assert opened.panel.rect().contains(send.geometry().translated(send.parentWidget().pos()))
    assert opened.panel.compose.middle.verticalScrollBar().maximum() > 0


def test_the_panel_opens_at_the_height_that_shows_everything(open_panel: OpenPanel) -> None:
    assert open_panel().panel.compose.middle.verticalScrollBar().maximum() == 0


def test_a_report_that_was_not_saved_keeps_everything_and_can_be_sent_again(
    open_panel: OpenPanel, qtbot: QtBot
) -> None:
    opened = open_panel()
    compose = opened.panel.compose
    qtbot.keyClicks(compose.text, "printer")
    qtbot.mouseClick(compose.chips.buttons["printer"], LEFT)
    qtbot.mouseClick(tiles(opened)[2].tick, LEFT)
    qtbot.mouseClick(compose.send, LEFT)
    opened.draft.is_submitted = False
    opened.panel.take_event(NotSaved("r1", FULL))
    assert "The disk of this PC is full." in visible_words(opened.panel)
    assert compose.text.toPlainText() == "printer"
    assert compose.chips.chosen == "printer"
    assert not tiles(opened)[2].tick.isChecked()
    assert not opened.panel.is_saved
    qtbot.mouseClick(compose.send, LEFT)
    assert opened.draft.submissions == 2


def test_saved_is_said_only_after_the_event(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    qtbot.mouseClick(opened.panel.compose.send, LEFT)
    assert not opened.panel.outcome.isVisible()
    opened.panel.take_event(Saved("r1"))
    qtbot.waitUntil(opened.panel.outcome.isVisible)
    assert "It is saved on this PC" in visible_words(opened.panel)


def test_waiting_turns_into_with_it_by_itself(open_panel: OpenPanel) -> None:
    opened = open_panel()
    opened.panel.submit()
    opened.panel.take_event(Saved("r1"))
    opened.panel.take_event(Waiting("r1", OFFLINE))
    words = visible_words(opened.panel)
    assert "Saved – no connection right now" in words
    assert "Can’t wait? Call 5500." in words
    opened.panel.take_event(Accepted("r1", Receipt("r1", "0" * 64, "r1", 1042, "new", ("abc",))))
    assert "The pictures follow by themselves." in visible_words(opened.panel)
    opened.panel.take_event(Delivered("r1", RECEIPT))
    assert "Ticket 1042 is with IT" in visible_words(opened.panel)
    assert "The pictures follow" not in visible_words(opened.panel)


def test_once_it_is_with_it_a_cut_connection_does_not_take_that_back(open_panel: OpenPanel) -> None:
    opened = open_panel()
    opened.panel.submit()
    opened.panel.take_event(Saved("r1"))
    opened.panel.take_event(Accepted("r1", Receipt("r1", "0" * 64, "r1", 1042, "new", ("abc",))))
    opened.panel.take_event(Waiting("r1", OFFLINE))
    words = visible_words(opened.panel)
    assert "Ticket 1042 is with IT" in words
    assert "The pictures follow by themselves." in words


def test_what_holds_a_report_is_said_in_its_own_words(open_panel: OpenPanel) -> None:
    opened = open_panel()
    opened.panel.take_event(Saved("r1"))
    problem = Problem("not_our_server", "This network may want you to sign in", "Open a web page to sign in.")
    opened.panel.take_event(Waiting("r1", problem))
    words = visible_words(opened.panel)
    assert "This network may want you to sign in" in words
    assert "no connection right now" not in words


def test_attention_says_what_and_how_and_offers_to_try_again(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    opened.panel.take_event(Saved("r1"))
    problem = Problem("too_large", "This report is too large", "Send it again with fewer pictures.")
    opened.panel.take_event(NeedsAttention("r1", problem))
    assert "This report is too large" in visible_words(opened.panel)
    assert "fewer pictures" in visible_words(opened.panel)
    with qtbot.waitSignal(opened.panel.retried):
        qtbot.mouseClick(opened.panel.outcome.again, LEFT)


def test_facts_that_are_odd_are_said_in_words(open_panel: OpenPanel) -> None:
    words = visible_words(open_panel().panel)
    assert "This PC: LAP-4F2, Windows 11 Pro 24H2" in words
    assert "Last start: long ago · Disks: low" in words


def test_every_fact_can_be_seen_and_unticked(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    qtbot.mouseClick(opened.panel.compose.machine.see_all, LEFT)
    ticks = opened.panel.facts.ticks
    assert list(ticks) == [fact.key for fact in FACTS]
    words = visible_words(opened.panel)
    assert all(phrases.in_lines(fact.value) in words for fact in FACTS)
    qtbot.mouseClick(ticks["disks"], LEFT, pos=QPoint(10, ticks["disks"].height() // 2))
    assert opened.draft.excluded == {"disks"}
    qtbot.keyClick(opened.panel, Qt.Key.Key_Escape)
    assert opened.panel.compose.isVisible()
    assert "3 GB free" not in visible_words(opened.panel)
    assert opened.draft.put_asides == 0


def test_the_only_odd_fact_is_said_with_its_value(open_panel: OpenPanel) -> None:
    opened = open_panel(draft=FakeDraft(excluded={"boot"}))
    assert "Disks: low (C: 3 GB free of 256 GB)" in visible_words(opened.panel)


def test_facts_appear_when_they_are_found(open_panel: OpenPanel) -> None:
    opened = open_panel(facts=())
    assert "Looking at this PC …" in visible_words(opened.panel)
    assert not opened.panel.compose.machine.see_all.isEnabled()
    opened.draft.facts = FACTS[:2]
    opened.panel.take_event(FactsFound("r1", FACTS[:2]))
    assert "This PC: LAP-4F2" in visible_words(opened.panel)
    assert "2 facts" in visible_words(opened.panel)
    assert opened.panel.compose.machine.see_all.isEnabled()


def test_what_the_desk_says_later_stands_on_the_page_after_send(open_panel: OpenPanel) -> None:
    opened = open_panel()
    opened.panel.note_desk(OTHER_DESK)
    opened.panel.take_event(Delivered("r1", RECEIPT))
    assert "Mia Sommer will pick it up, usually within 3 hours." in visible_words(opened.panel)


def test_words_of_a_check_box_are_never_cut_off(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    compose = opened.panel.compose
    one_line = compose.blocking.height()
    compose.blocking.setText("Ich kann nicht weiterarbeiten, bis das behoben ist " * 2)
    qtbot.waitUntil(lambda: compose.blocking.height() >= one_line + 2 * compose.blocking.fontMetrics().height())
    qtbot.mouseClick(compose.blocking, LEFT, pos=QPoint(compose.blocking.width() // 2, 4))
    assert compose.blocking.isChecked()


def test_a_file_is_added_with_its_size_and_can_be_unticked(open_panel: OpenPanel) -> None:
    opened = open_panel()
    opened.panel.add_file(Path("/somewhere/log.txt"))
    row = opened.panel.findChild(QCheckBox, "attachment-3")
    assert isinstance(row, QCheckBox)
    assert row.text() == "log.txt (1.2 MB)"
    row.click()
    assert not opened.draft.pictures[2].is_included


def test_a_file_that_cannot_be_attached_is_explained(open_panel: OpenPanel) -> None:
    draft = FakeDraft()
    draft.too_big = frozenset({Path("/log.zip")})
    opened = open_panel(draft=draft)
    opened.panel.add_file(Path("/log.zip"))
    assert "larger than 25 MB" in visible_words(opened.panel)


def test_markup_in_facts_and_names_is_shown_as_it_is(open_panel: OpenPanel) -> None:
    opened = open_panel(desk=DeskInfo(phone="<b>1</b>", on_duty=("<img src=x>",), first_answer_s=60))
    formats = {label.textFormat() for label in opened.panel.compose.findChildren(QLabel) if "<" in label.text()}
    assert formats == {Qt.TextFormat.PlainText}


def test_the_raw_picture_is_given_back_once_it_is_encoded(open_panel: OpenPanel) -> None:
    opened = open_panel()
    assert set(opened.panel._shots) == {1, 2}
    opened.panel.take_event(PictureReady("r1", 1, 1000))
    opened.panel.take_event(PictureReady("r1", 2, 1000))
    assert not opened.panel._shots


def focusable(window: QWidget) -> list[QWidget]:
    return [
        widget
        for widget in window.findChildren(QWidget)
        if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]


def test_every_control_has_an_accessible_name(open_panel: OpenPanel) -> None:
    panel = open_panel().panel
    controls = focusable(panel)
    assert len(controls) >= 15
    for control in controls:
        interface = QAccessible.queryAccessibleInterface(control)
        assert interface.text(QAccessible.Text.Name), control


def test_the_tab_key_walks_in_reading_order_and_comes_round(open_panel: OpenPanel, qtbot: QtBot) -> None:
    panel = open_panel().panel
    seen: list[QWidget] = [panel.compose.text]
    for _step in range(40):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        if QApplication.focusWidget() is seen[0]:
            break
        seen.append(QApplication.focusWidget())
    names = [widget.objectName() for widget in seen]
    assert names == [
        "text", "category-app", "category-slow", "category-signin", "category-printer", "category-network",
        "category-other", "thumbnail-1", "tick-1", "thumbnail-2", "tick-2", "facts", "blocking", "more", "send",
    ]  # fmt: skip
    assert set(seen) == set(focusable(panel))


def test_the_focus_is_visible_on_every_control(open_panel: OpenPanel, qtbot: QtBot) -> None:
    panel = open_panel().panel
    for control in focusable(panel):
        control.clearFocus()
        before = control.grab().toImage()
        control.setFocus(Qt.FocusReason.TabFocusReason)
        assert control.grab().toImage() != before, control.objectName()


def test_long_words_fit(open_panel: OpenPanel) -> None:
    long = Category("net", "Netzwerkverbindungsschwierigkeiten im Homeoffice und unterwegs mit VPN")
    desk = DeskInfo(phone="+49 89 1234567-5500", on_duty=("Friedrich-Wilhelm von Hohenstein-Ballenberg",) * 3,
                    first_answer_s=7200, categories=(long, *DESK.categories))  # fmt: skip
    panel = open_panel(desk=desk).panel
    assert panel.compose.middle.horizontalScrollBar().maximum() == 0
    for widget in panel.findChildren(QWidget):
        if widget.isVisible() and isinstance(widget, QLabel | QPushButton | QCheckBox):
            right = widget.mapTo(panel, QPoint(widget.width(), 0)).x()
            assert right <= panel.width(), widget
    assert panel.compose.middle.verticalScrollBar().maximum() == 0
