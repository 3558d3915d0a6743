"""The composition root of the tray program: shows the icon first, builds everything else after it, quits it.

Before the icon shows only Qt and the icon are loaded: whoever logs in waits for it. What windows take is made at the
first one. A second start does not load Qt at all.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from client.core.paths import Paths, paths
from client.system.instance import Instance, ring, ring_address

if TYPE_CHECKING:
    from client.capture import Camera
    from client.core.models import Display
    from client.core.settings import Settings
    from client.ui.reporting import Senses, Stage

RING_TIMEOUT_S = 5.0
GIVE_BACK_AFTER_S = 1.0  # the window and what it showed are gone by then


def run(profile: Path | None, show_panel: bool) -> int:
    """Be the tray program of this session; where it runs already, open its panel. Returns the exit code."""
    places = paths(profile)
    instance = Instance(places.run)
    if not instance.acquire():
        return 0 if ring(places.run, RING_TIMEOUT_S) else 1
    try:
        return Program(places).run(show_panel)
    finally:
        instance.release()


class Program:
    """Everything that lives as long as the icon."""

    def __init__(self, places: Paths) -> None:
        from PySide6.QtWidgets import QApplication

        from client.ui import imports

        imports.restore()
        from client.ui.tray import Tray

        self._places = places
        self._displays: tuple[Display, ...] = ()
        QApplication.setApplicationName("deskbell")
        QApplication.setDesktopFileName("org.deskbell.Deskbell")
        self._application = QApplication(sys.argv[:1])
        self._application.setApplicationDisplayName("Deskbell")
        self._application.setQuitOnLastWindowClosed(False)
        self._tray = Tray()

    def run(self, show_panel: bool) -> int:
        """Until the user quits, or the system asks for it. Returns the exit code."""
        from PySide6.QtCore import QTimer

        self._tray.show()
        QTimer.singleShot(0, lambda: self._start(show_panel))
        return self._application.exec()

    def _start(self, show_panel: bool) -> None:
        """The rest, once the icon is on its way to the screen."""
        from client import assembly, crash_log
        from client.core import words
        from client.core.lane import Lane
        from client.core.settings import load
        from client.ui.bridge import Bridge
        from client.ui.crashes import Crashes
        from client.ui.outbox_watch import OutboxWatch
        from client.ui.quitting import Signals
        from client.ui.reporting import Reporting
        from client.ui.ring import ring_at
        from client.ui.tray_host import TrayHost

        application, tray, places = self._application, self._tray, self._places
        settings = load(places.machine_config, places.user_config)
        words.use(settings.text("language") or None)
        self._bridge = bridge = Bridge()
        self._crashes = crashes = Crashes(bridge, lambda source, error: crash_log.write(places.log, source, error))
        sys.excepthook = crashes.handle
        self._capture = Lane("capture", crashes.note)
        self._engine = assembly.assemble(places, settings, assembly.threaded(crashes.note), bridge.post)
        self._reporting = reporting = Reporting(
            self._engine,
            self._senses(),
            capture=self._capture,
            bridge=bridge,
            stage=lambda: self._stage(settings),
        )
        tray.asked.connect(reporting.open)
        tray.asked_by_menu.connect(reporting.open_when_gone)
        tray.send_asked.connect(self._engine.send_now)
        tray.quit_asked.connect(application.quit)
        reporting.state_changed.connect(tray.show_state)
        reporting.ended.connect(self._give_memory_back)
        tray.show_state(self._engine.state())
        crashes.crashed.connect(reporting.tell)
        self._ring = ring_at(ring_address(places.run))
        self._ring.rung.connect(reporting.open)
        self._signals = Signals(application.quit)
        self._tray_host = TrayHost()
        self._tray_host.came.connect(tray.show)
        self._tray_host.missing.connect(self._tell_how_to_reach)
        self._watch = OutboxWatch(self._engine.outbox_dir, self._engine.look)
        application.aboutToQuit.connect(self._close)
        self._signals.start()
        self._ring.start()
        self._tray_host.start()
        self._engine.start()
        self._watch.start()
        if show_panel:
            reporting.open()

    def _senses(self) -> Senses:
        from client.assembly import CLIENT
        from client.core.models import Collector, FrontWindow
        from client.ui.reporting import Senses

        def note_displays() -> None:
            from client.capture.qscreen import displays

            self._displays = displays(self._application)

        def front_window() -> FrontWindow:
            from client.system.front_window import front_window

            return front_window()

        def collectors(front: FrontWindow) -> tuple[Collector, ...]:
            from client.system.facts import collectors

            return collectors(front, self._displays, CLIENT)

        return Senses(lambda: self._camera, note_displays, front_window, collectors)

    @cached_property
    def _camera(self) -> Camera:
        from client.capture import choose
        from client.capture.session import current
        from client.system import memory

        memory.keep_little()
        return choose(current(os.environ, sys.platform), lambda: self._displays)

    def _give_memory_back(self) -> None:
        from client.system import memory

        self._capture.put(memory.give_back, key="memory", delay_s=GIVE_BACK_AFTER_S)

    def _stage(self, settings: Settings) -> Stage:
        from client.ui.reporting import Stage
        from client.ui.theme import Theme
        from client.ui.whereabouts import Whereabouts

        return Stage(
            Theme(self._application, settings.text("theme")), Whereabouts(self._application, self._tray.geometry)
        )

    def _tell_how_to_reach(self) -> None:
        """This desktop has no tray: say so once, on this machine, for this user."""
        from client.ui.notice import no_tray

        told = self._places.data / "told-no-tray"
        if not told.exists():
            self._reporting.tell(no_tray())
            with suppress(OSError):
                told.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                told.touch()

    def _close(self) -> None:
        """Words that were not sent are kept; what is not delivered stays in the outbox."""
        self._reporting.close()
        self._ring.close()
        self._tray_host.close()
        self._watch.close()
        self._signals.close()
        self._capture.close()
        self._engine.close()
        self._tray.hide()
