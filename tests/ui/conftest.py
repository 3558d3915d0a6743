"""What the tests of the windows share: a theme, a panel with fakes behind it, a whole flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from client.core.lane import Inline
from client.core.models import DeskInfo, Fact, Shot
from client.ui.bridge import Bridge
from client.ui.panel import Panel
from client.ui.reporting import Reporting, Stage
from client.ui.theme import Theme
from client.ui.whereabouts import Whereabouts
from tests.ui.fakes import DESK, FACTS, FakeCamera, FakeDraft, FakeEngine, senses, shot


@pytest.fixture(scope="session")
def theme(qapp: QApplication) -> Theme:
    theme = Theme(qapp, "light")
    theme.apply("en")
    return theme


@dataclass(slots=True)
class Opened:
    """A panel on the screen and the draft behind it."""

    panel: Panel
    draft: FakeDraft


OpenPanel = Callable[..., Opened]


@pytest.fixture
def open_panel(qtbot: QtBot, theme: Theme) -> OpenPanel:
    def build(
        *shots: Shot,
        draft: FakeDraft | None = None,
        desk: DeskInfo | None = DESK,
        size: QSize | None = None,
        facts: tuple[Fact, ...] = FACTS,
    ) -> Opened:
        draft = draft or FakeDraft()
        draft.facts = facts
        taken = shots or (shot(1), shot(2))
        draft.take_in(taken)
        panel = Panel(theme, draft, desk)  # type: ignore[arg-type]
        panel.show_pictures(taken, 1.0)
        qtbot.addWidget(panel)
        panel.resize(size or panel.wanted_size())
        show(qtbot, panel)
        return Opened(panel, draft)

    return build


@dataclass(slots=True)
class Flow:
    """Everything between a click and the core."""

    reporting: Reporting
    engine: FakeEngine
    camera: FakeCamera
    bridge: Bridge


@pytest.fixture
def flow(qtbot: QtBot, theme: Theme, qapp: QApplication) -> Iterator[Flow]:
    engine, camera, bridge = FakeEngine(), FakeCamera(shot(1), shot(2)), Bridge()
    reporting = Reporting(
        engine,  # type: ignore[arg-type]
        senses(camera),
        capture=Inline(),
        bridge=bridge,
        stage=lambda: Stage(theme, Whereabouts(qapp, lambda: None)),
    )
    yield Flow(reporting, engine, camera, bridge)
    reporting.close()
    qtbot.waitUntil(lambda: reporting.notice is None)
    qapp.processEvents()


def show(qtbot: QtBot, window: QWidget) -> None:
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
