"""From a click to a report: pictures first, then the panel, then whatever happens to the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from client.core.errors import Problem
from client.core.events import DeskChanged, NeedsAttention, NotSaved, OutboxChanged
from client.core.lane import Jobs
from client.core.models import Collector, FrontWindow, Shot
from client.core.words import language
from client.ui.bridge import Bridge
from client.ui.retiring import retire

if TYPE_CHECKING:
    from client.core.draft import Draft
    from client.core.engine import Engine
    from client.ui.notice import Notice
    from client.ui.panel import Panel
    from client.ui.theme import Theme
    from client.ui.whereabouts import Whereabouts

# How long a menu or a window of ours stays on the screen after it was closed: compositors fade it out. Measured on
# GNOME Shell 43: at 0 ms it is in the picture, at 150 ms it is gone; twice that for slower machines.
GONE_AFTER_MS = 300


class Camera(Protocol):
    """One shot for each display, at least one; never raises."""

    @property
    def on_gui_thread(self) -> bool: ...

    def take(self) -> tuple[Shot, ...]: ...


@dataclass(frozen=True, slots=True)
class Senses:
    """How the program perceives the desktop.

    `note_displays` is called on the GUI thread at each click, before `Camera.take`.
    """

    camera: Callable[[], Camera]
    note_displays: Callable[[], None]
    front_window: Callable[[], FrontWindow]
    collectors: Callable[[FrontWindow], Sequence[Collector]]


@dataclass(frozen=True, slots=True)
class Stage:
    """How windows look, and where they stand."""

    theme: Theme
    whereabouts: Whereabouts


@dataclass(frozen=True, slots=True)
class _Taken:
    """What the capture lane brings back."""

    shots: tuple[Shot, ...]


class Reporting(QObject):
    """One panel at a time. `state_changed` tells the icon how the outbox is, `ended` that a panel is gone.

    `stage` is asked for at the first window, like all that windows take: an idle program has none of it.
    """

    state_changed = Signal(object)
    ended = Signal()

    def __init__(
        self, engine: Engine, senses: Senses, *, capture: Jobs, bridge: Bridge, stage: Callable[[], Stage]
    ) -> None:
        super().__init__()
        self.panel: Panel | None = None
        self.notice: Notice | None = None
        self._engine = engine
        self._senses = senses
        self._capture = capture
        self._bridge = bridge
        self._set_stage = stage
        self._front = FrontWindow()
        self._is_opening = False
        self._prepared: Panel | None = None  # until its pictures are there
        bridge.happened.connect(self._take_event)

    def open(self) -> None:
        """Open a panel for a new report, or raise the one that is being written."""
        if self._is_opening:
            return
        if self.panel is not None and not self.panel.is_done:
            self.panel.come_to_front()
        elif self.panel is not None:
            self.panel.close()
            self.open_when_gone()
        else:
            self._is_opening = True
            self._look()

    def open_when_gone(self) -> None:
        """The same, after a menu or window of ours has had the time to vanish from the screen."""
        if self.panel is not None and not self.panel.is_done:
            self.panel.come_to_front()
        elif not self._is_opening:
            self._is_opening = True
            if self.panel is not None:
                self.panel.close()
            QTimer.singleShot(GONE_AFTER_MS, self._look)

    def tell(self, problem: Problem) -> None:
        """Show a plain notice."""
        from client.ui.notice import Notice

        stage = self._stage
        if self.notice is not None:
            self.notice.close()
        self.notice = notice = Notice(stage.theme, problem)
        notice.closed.connect(self._forget_notice)
        notice.retried.connect(self._engine.send_now)
        stage.whereabouts.put(notice, notice.wanted_size())
        notice.show()

    def close(self) -> None:
        """Put away what is open; words that were not sent are kept."""
        for window in (self.panel, self._prepared, self.notice):
            if window is not None:
                window.close()

    @cached_property
    def _stage(self) -> Stage:
        stage = self._set_stage()
        stage.theme.apply(language())
        return stage

    def _look(self) -> None:
        """Note the front window and take the pictures, before anything of ours shows."""
        self._front = self._senses.front_window()
        self._senses.note_displays()
        camera = self._senses.camera()
        if camera.on_gui_thread:
            self._show(camera.take())
        else:
            self._capture.put(lambda: self._bridge.post(_Taken(camera.take())))
            self._prepared = self._prepare()  # while the lane takes the pictures

    def _prepare(self) -> Panel:
        """A panel without its pictures, not on the screen. Here fonts and style cost most, and only the first time."""
        from PySide6.QtCore import Qt

        from client.ui.panel import Panel

        theme = self._stage.theme
        draft = self._engine.begin("panel")
        panel = Panel(theme, draft, self._engine.desk())
        for problem in self._engine.problems[:1]:
            panel.compose.show_problem(problem)
        panel.closed.connect(self._forget_panel)
        panel.retried.connect(self._engine.send_now)
        panel.resized.connect(self._refit)
        panel.painted.connect(lambda: self._go_on(draft), Qt.ConnectionType.QueuedConnection)
        panel.wanted_size()
        return panel

    def _show(self, shots: tuple[Shot, ...]) -> None:
        self._is_opening = False
        panel, self._prepared = self._prepared or self._prepare(), None
        self.panel = panel
        panel.draft.take_in(shots)
        whereabouts = self._stage.whereabouts
        panel.show_pictures(shots, whereabouts.pixel_ratio())
        whereabouts.put(panel, panel.wanted_size())
        panel.show()
        panel.come_to_front()

    def _go_on(self, draft: Draft) -> None:
        """The panel is there: now for what the user need not wait for."""
        draft.gather(self._senses.collectors(self._front))
        draft.encode()
        self._engine.refresh_desk()

    def _refit(self) -> None:
        if self.panel is not None and self.panel.isVisible():
            self._stage.whereabouts.refit(self.panel, self.panel.wanted_size())

    def _take_event(self, event: object) -> None:
        panel = self.panel
        if isinstance(event, _Taken):
            self._show(event.shots)
        elif isinstance(event, OutboxChanged):
            self.state_changed.emit(event)
        elif isinstance(event, DeskChanged):
            if panel is not None:
                panel.note_desk(event.desk)
        elif panel is not None and getattr(event, "report_id", None) == panel.draft.report_id:
            panel.take_event(event)  # type: ignore[arg-type]
            if isinstance(event, NotSaved) and not panel.isVisible():
                panel.show()
        elif isinstance(event, NeedsAttention):
            self.tell(event.problem)
            assert self.notice is not None
            self.notice.show_attention(event.problem, self._engine.desk())

    def _forget_panel(self) -> None:
        """A panel that is not saved yet is only hidden: if saving fails, it comes back."""
        panel = self.panel
        if panel is not None and (panel.is_done or panel.draft.is_ended):
            self.panel = None
            retire(panel)
            self.ended.emit()

    def _forget_notice(self) -> None:
        if self.notice is not None:
            retire(self.notice)
            self.notice = None
