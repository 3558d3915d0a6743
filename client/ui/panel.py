"""The window of one report: composing it, its facts, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QImage, QKeySequence, QPaintEvent, QShortcut
from PySide6.QtWidgets import QApplication, QLayout, QStackedLayout, QWidget

from client.core.errors import DeskbellError
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
from client.core.models import DeskInfo, Shot
from client.core.words import _
from client.ui import images
from client.ui.compose_page import ComposePage
from client.ui.retiring import retire
from client.ui.screens import tile_size
from client.ui.theme import STEP, Theme

if TYPE_CHECKING:
    from client.core.draft import Draft
    from client.core.picture import Picture
    from client.ui.facts_page import FactsPage
    from client.ui.outcome_page import OutcomePage
    from client.ui.picture_window import PictureWindow

WIDTH = 400
LEAST_HEIGHT = 160
SLOW_MS = 150  # what is done sooner than that is not first shown as being done: a disk and a desk nearby take less
DraftEvent = (
    PictureReady | PictureFailed | FactsFound | Saved | NotSaved | Accepted | Delivered | Waiting | NeedsAttention
)


class Panel(QWidget):
    """Shows `draft` and does to it what the user does. It owns no truth: what is shown as saved, an event said.

    `painted`: the first picture of it is on the screen. `closed`: the user is done with it. `retried`: "try again now".
    """

    painted = Signal()
    closed = Signal()
    retried = Signal()
    resized = Signal()

    def __init__(self, theme: Theme, draft: Draft, desk: DeskInfo | None) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setWindowTitle(_("Report a problem"))
        self.draft = draft
        self.is_saved = False
        self._is_with_desk = False
        self._theme = theme
        self._desk = desk
        self._shots: dict[int, Shot] = {}  # until they are encoded: for showing them large
        self._picture_window: PictureWindow | None = None
        self._is_painted = False
        self._facts: FactsPage | None = None
        self._outcome: OutcomePage | None = None
        self.compose = ComposePage(theme, WIDTH)
        self.compose.show_desk(desk)
        self._second_click = QTimer(self)  # of a double click on Send: it must not land beside the window
        self._second_click.setSingleShot(True)
        self._second_click.setInterval(QApplication.doubleClickInterval())
        self._second_click.timeout.connect(self.resized)
        self._slow = QTimer(self)
        self._slow.setSingleShot(True)
        self._slow.setInterval(SLOW_MS)
        self._slow.timeout.connect(self._show_progress)
        self._pages = QStackedLayout(self)
        self._pages.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # each page has a size of its own
        self.setMinimumSize(WIDTH, LEAST_HEIGHT)
        self._pages.addWidget(self.compose)
        self.compose.show_words(draft.text, draft.category, draft.blocking, is_restored=draft.is_restored)
        self._connect()
        self.compose.text.setFocus()

    @property
    def facts(self) -> FactsPage:
        """Made when the user wants to see it: the panel is there sooner."""
        if self._facts is None:
            from client.ui.facts_page import FactsPage

            self._facts = FactsPage()
            self._facts.included.connect(self._include_fact)
            self._facts.left.connect(self._leave_facts)
            self._pages.addWidget(self._facts)
        return self._facts

    @property
    def outcome(self) -> OutcomePage:
        """Made after Send."""
        if self._outcome is None:
            from client.ui.outcome_page import OutcomePage

            self._outcome = OutcomePage(self._theme)
            self._outcome.closed.connect(self.close)
            self._outcome.retried.connect(self.retried)
            self._pages.addWidget(self._outcome)
        return self._outcome

    @property
    def is_done(self) -> bool:
        """Send was pressed and the report is safe: a new one may begin."""
        return self.is_saved

    def show_pictures(self, shots: Sequence[Shot], pixel_ratio: float) -> None:
        """The draft's pictures, `shots` among them, for a display of that ratio; once, before the panel shows."""
        pictures = self.draft.pictures
        displays = [picture for picture in pictures if picture.display is not None]
        self._shots = dict(_matched(displays, shots))
        small: dict[int, QImage] = {}
        for picture in displays:
            box = tile_size(picture, len(displays), WIDTH - 4 * STEP)
            shot = self._shots.get(picture.id)
            image = images.small(shot, box, pixel_ratio) if shot else _stored(picture, box, pixel_ratio)
            if image is not None:
                small[picture.id] = image
        self.compose.screens.show_pictures(pictures, small)
        self.compose.order_focus()
        self._show_facts()

    def wanted_size(self) -> QSize:
        """What the shown page needs in order not to scroll."""
        page = self._pages.currentWidget()
        assert page is not None
        for widget in page.findChildren(QWidget):
            widget.ensurePolished()  # Qt does both only when a window shows: fonts of the style sheet,
            widget.updateGeometry()  # and sizes of what was filled after it was laid out
        for layout in page.findChildren(QLayout):
            layout.invalidate()
        is_composing = self._outcome is None or page is not self._outcome
        return QSize(WIDTH, self.compose.whole_height() if is_composing else page.heightForWidth(WIDTH))

    def come_to_front(self) -> None:
        """Be seen, also where the user had put the window away."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.raise_()
        self.activateWindow()

    def take_event(self, event: DraftEvent) -> None:
        """Something happened to this panel's draft."""
        match event:
            case FactsFound():
                self._show_facts()
            case PictureReady():
                self._shots.pop(event.picture_id, None)
            case PictureFailed():
                self._shots.pop(event.picture_id, None)
                for picture in self.draft.pictures:
                    if picture.id == event.picture_id:
                        self.compose.screens.mark_failed(picture)
                self._show_facts()
            case Saved():
                self.is_saved = True
                self._close_picture()
                if not self._slow.isActive():
                    self._show_progress()
            case NotSaved():
                self._slow.stop()
                self.compose.set_saving(False)
                self.compose.show_problem(event.problem)
                self._turn_to(self.compose)
                self.compose.send.setFocus()
            case Accepted() | Delivered():
                self._slow.stop()
                self._is_with_desk = True
                self.outcome.show_with_desk(event.receipt, self._desk)
                self._turn_to(self.outcome)
            case Waiting() if not self._is_with_desk:  # else only pictures are on their way, which the page says
                self._slow.stop()
                self.outcome.show_waiting(event.problem, self._desk)
                self._turn_to(self.outcome)
            case NeedsAttention():
                self._slow.stop()
                self.outcome.show_attention(event.problem, self._desk)
                self._turn_to(self.outcome)

    def note_desk(self, desk: DeskInfo) -> None:
        """What the desk says by now, for the page after Send. What is on the screen stays: the user may be aiming."""
        self._desk = desk

    def submit(self) -> None:
        """Send, once, whatever the user presses."""
        if self.draft.is_submitted or self.is_saved:
            return
        self._keep_words()
        self.draft.submit()  # first: it is saved on a lane while this window repaints
        self.compose.show_problem(None)
        self._slow.start()
        self._second_click.start()

    def _show_progress(self) -> None:
        """It takes a moment: say what is being done."""
        if self.is_saved:
            self.outcome.show_sending()
            self._turn_to(self.outcome)
        else:
            self.compose.set_saving(True)

    def _connect(self) -> None:
        compose = self.compose
        compose.sent.connect(self.submit)
        compose.changed.connect(self._keep_words)
        compose.facts_wanted.connect(self._open_facts)
        compose.file_wanted.connect(self._ask_file)
        compose.screens.included.connect(self._include)
        compose.screens.opened.connect(self._open_picture)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self._escape)

    def _keep_words(self) -> None:
        compose = self.compose
        self.draft.set_words(compose.text.toPlainText(), compose.chips.chosen, compose.blocking.isChecked())

    def _include(self, picture_id: int, is_included: bool) -> None:
        self.draft.include(picture_id, is_included)
        for picture in self.draft.pictures:
            if picture.id == picture_id:  # after Send it stays as it was
                self.compose.screens.set_included(picture_id, picture.is_included)

    def _include_fact(self, key: str, is_included: bool) -> None:
        self.draft.include_fact(key, is_included)
        self._show_facts()

    def _show_facts(self) -> None:
        self.compose.machine.show_facts(self.draft.facts, self.draft.excluded_facts())
        if self._facts is not None:
            self._facts.show_facts(self.draft.facts, self.draft.excluded_facts())

    def _open_facts(self) -> None:
        self.facts.show_facts(self.draft.facts, self.draft.excluded_facts())
        self._turn_to(self.facts)
        self.facts.back.setFocus()

    def _leave_facts(self) -> None:
        self._turn_to(self.compose)
        self.compose.machine.see_all.setFocus()

    def _open_picture(self, picture_id: int) -> None:
        picture = next((one for one in self.draft.pictures if one.id == picture_id), None)
        shot = self._shots.get(picture_id)
        image = images.whole(shot) if shot else images.read(picture.stored) if picture and picture.stored else None
        if picture is None or image is None:
            return
        self._close_picture()
        from client.ui.picture_window import PictureWindow

        number = picture.display.number if picture.display else 0
        window = PictureWindow(
            self._theme,
            picture_id,
            _("Display {number}").format(number=number),
            image,
            is_included=picture.is_included,
            room=self.screen().availableGeometry(),
        )
        window.included.connect(self._include)
        window.closed.connect(self._close_picture)
        self._picture_window = window
        window.show()

    def _close_picture(self) -> None:
        if self._picture_window is not None:
            window, self._picture_window = self._picture_window, None
            window.hide()
            retire(window)

    def _ask_file(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        name, _filter = QFileDialog.getOpenFileName(self, _("Attach something…"))
        if name:
            self.add_file(Path(name))

    def add_file(self, path: Path) -> None:
        """Attach `path`; where that does not work, say why."""
        try:
            picture = self.draft.add_file(path)
        except DeskbellError as error:
            self.compose.show_problem(error.problem)
        else:
            self.compose.show_problem(None)
            self.compose.screens.add_attachment(picture)
            self.compose.order_focus()
        self.resized.emit()

    def _turn_to(self, page: QWidget) -> None:
        self._pages.setCurrentWidget(page)
        if not self._second_click.isActive():
            self.resized.emit()

    def _escape(self) -> None:
        if self._pages.currentWidget() is self._facts:
            self._leave_facts()
        else:
            self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Put the draft aside and keep its words; once Send was pressed the report goes its way without the window."""
        self._close_picture()
        if not self.draft.is_submitted:
            self._keep_words()
            self.draft.put_aside()
        super().closeEvent(event)
        self.closed.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        super().paintEvent(_event)
        if not self._is_painted:
            self._is_painted = True
            self.painted.emit()


def _matched(displays: Sequence[Picture], shots: Sequence[Shot]) -> list[tuple[int, Shot]]:
    """Which picture of the draft is which shot: the fresh ones come in the order in which the shots were added."""
    fresh = [picture for picture in displays if not picture.is_earlier]
    return [(picture.id, shot) for picture, shot in zip(fresh, shots, strict=False) if shot.pixels is not None]


def _stored(picture: Picture, box: QSize, pixel_ratio: float) -> QImage | None:
    return images.small_of(picture.stored, box, pixel_ratio) if picture.stored else None
