"""One window in one state, photographed from the screen: `python -m tests.picture_scenes SCENE THEME LANGUAGE FILE`."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QMargins, QPointF, QRectF, QTimer
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter
from PySide6.QtWidgets import QApplication, QWidget

from client.core import faults, words
from client.core.events import Delivered, NeedsAttention, NotSaved, Saved, Waiting
from client.core.models import Fact, Flaw, FrontWindow, Receipt, Shot
from client.core.picture import Picture
from client.core.save_problem import save_problem
from client.core.words import _, ngettext
from client.system.facts import collectors
from client.system.facts.amounts import GIB, free_of
from client.ui.notice import Notice, no_tray
from client.ui.panel import Panel
from client.ui.theme import Theme
from tests.ui.fakes import DESK, TAKEN_AT, FakeDraft, display, flawed

TEXTS = {"en": "Outlook keeps asking for my password", "de": "Outlook fragt ständig nach meinem Passwort"}
RECEIPT = Receipt("r1", "0" * 64, "r1", 1042, "new")
MARGINS = QMargins(16, 16, 16, 16)


def desktop(number: int) -> Shot:
    """A desktop with two windows, painted."""
    shown = display(number, 1920, 1080)
    image = QImage(shown.width, shown.height, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    ground = QLinearGradient(0, 0, shown.width, shown.height)
    start, end = (("#27486f", "#3b6ea5"), ("#2f5d50", "#4c8c74"), ("#5b4a72", "#8a6ea5"))[(number - 1) % 3]
    ground.setColorAt(0, QColor(start))
    ground.setColorAt(1, QColor(end))
    painter.fillRect(image.rect(), ground)
    for left, top, width, height, accent in ((180, 140, 1060, 700, "#c9d3df"), (820, 520, 880, 420, "#e0705f")):
        painter.fillRect(QRectF(left + 12, top + 12, width, height), QColor(0, 0, 0, 60))
        painter.fillRect(QRectF(left, top, width, height), QColor("#fdfdfd"))
        painter.fillRect(QRectF(left, top, width, 56), QColor("#e8edf4"))
        for line in range(int((height - 130) // 80)):
            colour = QColor(accent if line == 0 else "#c9d3df")
            painter.fillRect(QRectF(left + 60, top + 110 + line * 80, width * (0.85 - line % 3 * 0.14), 36), colour)
    painter.end()
    return Shot(shown, TAKEN_AT, bytearray(bytes(image.constBits())))


def machine(*, is_odd: bool) -> tuple[Fact, ...]:
    """An office PC, with the labels and the words that the program has for it."""
    when = "2026-11-20 07:58"
    values = {
        "host": "LAP-4F2",
        "user": "CORP\\lena (Lena Fuchs)",
        "front": "outlook.exe – Inbox",
        "model": "LENOVO ThinkPad T14 Gen 4",
        "os": "Windows 11 Pro 24H2 (26100.4061)",
        "boot": ngettext("{when}, {days} day ago", "{when}, {days} days ago", 3).format(when=when, days=3),
        "memory": free_of(int(4.1 * GIB), 16 * GIB),
        "disks": f"C: {free_of((3 if is_odd else 91) * GIB, 256 * GIB)}",
        "displays": "1: DP-1 1920 × 1080, 100 %; 2: DP-2 1920 × 1080, 100 %",
        "battery": _("{percent} %, plugged in").format(percent=83),
        "adapters": "Ethernet 192.168.1.23",
        "route": "192.168.1.1",
        "dns": "192.168.1.1",
        "time": "Europe/Berlin",
        "locale": f"{words.language()}_DE",
        "client": "deskbell 0.1.0, Python 3.13.1",
    }
    labels = {one.key: one.label for one in collectors(FrontWindow(), (), "")}
    return tuple(
        Fact(key, labels[key], value, "low" if is_odd and key == "disks" else None) for key, value in values.items()
    )


class Scenes:
    """Each method builds the window of one picture."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._draft = FakeDraft()

    def panel(self, shots: Sequence[Shot] | None = None) -> Panel:
        draft = self._draft
        draft.facts = draft.facts or machine(is_odd=True)
        shots = [desktop(1), desktop(2)] if shots is None else shots
        draft.take_in(shots)
        if len(shots) > 1 and shots[1].pixels is not None:
            draft.include(len(draft.pictures) - len(shots) + 2, False)
        desk = replace(DESK, categories=tuple(replace(one, label=_(one.label)) for one in DESK.categories))
        panel = Panel(self._theme, draft, desk)  # type: ignore[arg-type]
        panel.show_pictures(shots, QApplication.primaryScreen().devicePixelRatio())
        if not draft.is_restored:
            panel.compose.chips.choose("app")
        return panel

    def panel_three_displays(self) -> Panel:
        self._draft.facts = machine(is_odd=False)
        return self.panel([desktop(1), desktop(2), desktop(3)])

    def panel_one_display(self) -> Panel:
        return self.panel([desktop(1)])

    def panel_flaws(self) -> Panel:
        return self.panel([desktop(1), flawed(2, Flaw.BLACK)])

    def panel_restored(self) -> Panel:
        draft = self._draft = FakeDraft(is_restored=True)
        draft.text, draft.category = TEXTS[words.language()], "signin"
        image = desktop(1)
        path = Path(sys.argv[4]).with_suffix(".earlier.png")
        assert image.pixels is not None
        QImage(image.pixels, 1920, 1080, QImage.Format.Format_RGB32).save(str(path))
        QTimer.singleShot(0, path.unlink)
        draft.pictures = (
            Picture(id=1, name="display-1.png", taken_at=TAKEN_AT, display=display(1), is_earlier=True, stored=path),
        )
        return self.panel([desktop(2)])

    def panel_not_saved(self) -> Panel:
        panel = self.panel()
        panel.compose.text.setPlainText(TEXTS[words.language()])
        panel.take_event(NotSaved("r1", save_problem(OSError(errno.ENOSPC, ""))))
        return panel

    def facts(self) -> Panel:
        panel = self.panel()
        panel.wanted_size()  # the size stays that of the panel
        panel.compose.machine.see_all.click()
        return panel

    def sending(self) -> Panel:
        panel = self.panel()
        panel.take_event(Saved("r1"))
        return panel

    def with_it(self) -> Panel:
        panel = self.panel()
        panel.take_event(Saved("r1"))
        panel.take_event(Delivered("r1", RECEIPT))
        return panel

    def waiting(self) -> Panel:
        panel = self.panel()
        panel.take_event(Saved("r1"))
        panel.take_event(Waiting("r1", faults.no_connection()))
        return panel

    def attention(self) -> Panel:
        panel = self.panel()
        panel.take_event(Saved("r1"))
        panel.take_event(NeedsAttention("r1", faults.too_large()))
        return panel

    def no_tray(self) -> Notice:
        return Notice(self._theme, no_tray())


def main() -> int:
    scene, theme_name, language, path = sys.argv[1:]
    words.use(language)
    application = QApplication(sys.argv[:1])
    theme = Theme(application, theme_name)
    theme.apply(words.language())
    build: Callable[[], QWidget] = getattr(Scenes(theme), scene.replace("-", "_"))
    window = build()
    window.resize(window.wanted_size())  # type: ignore[attr-defined]
    window.move(40, 40)
    window.show()
    window.activateWindow()
    QTimer.singleShot(400, lambda: _photograph(application, window, Path(path)))
    return application.exec()


def _photograph(application: QApplication, window: QWidget, path: Path) -> None:
    ratio = window.devicePixelRatio()
    ground = QImage(window.size().grownBy(MARGINS) * ratio, QImage.Format.Format_RGB32)
    ground.setDevicePixelRatio(ratio)
    ground.fill(QColor("#0d1117" if "dark" in sys.argv[2] else "#e9edf3"))
    picture = application.primaryScreen().grabWindow(window.winId()).toImage()
    picture.setDevicePixelRatio(ratio)
    painter = QPainter(ground)
    painter.drawImage(QPointF(16, 16), picture)
    painter.end()
    ground.save(str(path))
    window.close()
    application.quit()


if __name__ == "__main__":
    sys.exit(main())
