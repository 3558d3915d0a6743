"""A real draft behind the panel: whatever breaks while it is saved, the panel goes on."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from client.core.draft import Draft
from client.core.lane import Inline, Lane
from client.core.models import Report, Requester
from client.core.spool import Spool
from client.core.surroundings import Surroundings
from client.ui.bridge import Bridge
from client.ui.reporting import Reporting, Stage
from client.ui.theme import Theme
from client.ui.whereabouts import Whereabouts
from tests.core.workshop import encode
from tests.ui.fakes import FakeCamera, FakeEngine, senses, shot

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
ME = Requester("Lena Fuchs", "lena", "LAP-4F2")


class FaultySpool(Spool):
    """`fault` is raised when a report is saved, if there is one."""

    fault: Exception | None = None

    def commit(self, report: Report) -> str:
        if self.fault is not None:
            raise self.fault
        return super().commit(report)


class Office:
    """Real drafts on a real disk and lane."""

    def __init__(self, theme: Theme, application: QApplication, folder: Path) -> None:
        self.crashes: list[BaseException] = []
        self.spool = FaultySpool(folder)
        self.spool.prepare()
        self.disk = Lane("disk", lambda _lane, error: self.crashes.append(error))
        self.bridge = Bridge()
        self.reporting = Reporting(
            _Engine(self._begin),  # type: ignore[arg-type]
            senses(FakeCamera(shot(1, 160, 90))),
            capture=Inline(),
            bridge=self.bridge,
            stage=lambda: Stage(theme, Whereabouts(application, lambda: None)),
        )

    def _begin(self) -> Draft:
        around = Surroundings(
            spool=self.spool,
            disk=self.disk,
            collecting=self.disk,
            encoders=[self.disk],
            encode=encode,
            requester=lambda: ME,
            on_event=self.bridge.post,
            on_saved=lambda: None,
            client="deskbell test",
        )
        return Draft("00000000-0000-4000-8000-000000000001", "panel", around, None)


class _Engine(FakeEngine):
    def __init__(self, begin: Callable[[], Draft]) -> None:
        super().__init__()
        self._begin = begin

    def begin(self, via: str) -> Draft:  # type: ignore[override]
        return self._begin()


@pytest.fixture
def office(theme: Theme, qapp: QApplication, tmp_path: Path) -> Iterator[Office]:
    office = Office(theme, qapp, tmp_path / "spool")
    yield office
    office.reporting.close()
    office.disk.close()
    qapp.processEvents()


@pytest.mark.parametrize(
    "fault", [RuntimeError("a fault of ours"), MemoryError(), OSError(errno.ENOSPC, "full"), UnicodeEncodeError]
)
def test_whatever_breaks_while_saving_the_panel_says_so_and_can_send_again(
    office: Office, qtbot: QtBot, fault: Exception | type[UnicodeEncodeError]
) -> None:
    office.reporting.open()
    qtbot.waitUntil(lambda: office.reporting.panel is not None and office.reporting.panel.isVisible())
    panel = office.reporting.panel
    assert panel is not None
    qtbot.keyClicks(panel.compose.text, "no sound")
    office.spool.fault = (
        fault if isinstance(fault, Exception) else UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogate")
    )

    qtbot.mouseClick(panel.compose.send, Qt.MouseButton.LeftButton)
    banner = panel.compose.findChild(QLabel, "banner")
    assert isinstance(banner, QLabel)
    qtbot.waitUntil(banner.isVisible)
    assert panel.compose.send.isEnabled()
    assert panel.compose.send.text() == "Send to IT"
    assert "Everything you wrote is still here." in banner.text()
    assert panel.compose.text.toPlainText() == "no sound"
    assert list(office.spool.outbox.glob("*")) == []

    office.spool.fault = None
    qtbot.mouseClick(panel.compose.send, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.is_saved)
    assert len(list(office.spool.outbox.glob("*/manifest.json"))) == 1
