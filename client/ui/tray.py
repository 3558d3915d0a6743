"""The icon: one state at a time, the same words in its tooltip, and a menu.

Imports nothing but Qt before the icon shows; the words are fetched when it speaks, a moment later.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect, Signal, SignalInstance
from PySide6.QtGui import QAction, QCursor, QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

import assets

if TYPE_CHECKING:
    from client.core.events import OutboxChanged

SIZES = (16, 22, 24, 32, 48, 64)
MASK_SIZES = (22, 44)


def tray_icon(state: str) -> QIcon:
    """The icon of a state: "normal", "sending", "waiting", "attention" or "reply" (something waits for the user)."""
    icon = QIcon()
    is_mask = sys.platform == "darwin"
    for size in MASK_SIZES if is_mask else SIZES:
        icon.addFile(str(assets.icon(f"{'mask' if is_mask else 'tray'}-{state}-{size}.png")))
    icon.setIsMask(is_mask)
    return icon


class Tray(QObject):
    """`asked`: a click on the icon. `asked_by_menu`: the first entry, so the menu is still on the screen."""

    asked = Signal()
    asked_by_menu = Signal()
    send_asked = Signal()
    quit_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._icon: QSystemTrayIcon | None = None
        self._menu = QMenu()
        self._report = self._entry(self.asked_by_menu)
        self._retry = self._entry(self.send_asked)
        self._retry.setVisible(False)
        self._menu.addSeparator()
        self._quit = self._entry(self.quit_asked)
        self._state: OutboxChanged | None = None

    def show(self) -> None:
        """Register the icon; again after a tray came up, since Qt picks its way to a tray only once."""
        old, self._icon = self._icon, QSystemTrayIcon(tray_icon(self._state.mood.value if self._state else "normal"))
        if old is not None:
            old.hide()
        self._icon.activated.connect(self._activate)
        if sys.platform.startswith("linux"):  # elsewhere a menu that is set takes the left click
            self._icon.setContextMenu(self._menu)
        if self._state is not None:
            self._icon.setToolTip(tooltip(self._state))
        self._icon.show()

    def hide(self) -> None:
        if self._icon is not None:
            self._icon.hide()

    def show_state(self, state: OutboxChanged) -> None:
        """Show how the outbox is: icon, tooltip, menu. The first call gives the menu its words."""
        from client.core.words import _, ngettext

        is_other = self._state is None or self._state.mood != state.mood
        self._state = state
        if self._icon is not None:
            if is_other:
                self._icon.setIcon(tray_icon(state.mood.value))
            self._icon.setToolTip(tooltip(state))
        self._report.setText(_("Report a problem"))
        self._quit.setText(_("Quit"))
        held = state.waiting + state.attention
        self._retry.setVisible(held > 0)
        if held:
            text = ngettext(
                "{count} report is not sent yet – try now", "{count} reports are not sent yet – try now", held
            )
            self._retry.setText(text.format(count=held))

    def geometry(self) -> QRect | None:
        """Where the icon is, None where the tray does not say (StatusNotifier)."""
        rect = self._icon.geometry() if self._icon is not None else QRect()
        return None if rect.isEmpty() else rect

    def _entry(self, asked: SignalInstance) -> QAction:
        action = self._menu.addAction("")
        action.triggered.connect(asked)
        return action

    def _activate(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.asked.emit()
        elif reason == QSystemTrayIcon.ActivationReason.Context and not sys.platform.startswith("linux"):
            self._menu.popup(QCursor.pos())


def tooltip(state: OutboxChanged) -> str:
    """The state in words."""
    from client.core.events import Mood
    from client.core.words import _, ngettext

    match state.mood:
        case Mood.ATTENTION:
            return ngettext(
                "Deskbell – {count} report needs you", "Deskbell – {count} reports need you", state.attention
            ).format(count=state.attention)
        case Mood.SENDING:
            return _("Deskbell – sending your report")
        case Mood.WAITING:
            return ngettext(
                "Deskbell – {count} report is not sent yet",
                "Deskbell – {count} reports are not sent yet",
                state.waiting,
            ).format(count=state.waiting)
    return _("Deskbell – report a problem")
