"""The icon: one state at a time, the same words in its tooltip, and a menu."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, QRect, Signal
from PySide6.QtGui import QAction, QCursor, QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

import assets
from client.core.events import Mood, OutboxChanged
from client.core.words import _, ngettext

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
        self._menu: QMenu | None = None
        self._retry: QAction | None = None
        self._state = OutboxChanged(0, 0, False)

    def show(self) -> None:
        """Register the icon; again after a tray came up, since Qt picks its way to a tray only once."""
        if self._menu is None:
            self._menu = self._make_menu()
        old, self._icon = self._icon, QSystemTrayIcon(tray_icon(self._state.mood.value))
        if old is not None:
            old.hide()
        self._icon.setToolTip(tooltip(self._state))
        self._icon.activated.connect(self._activate)
        if sys.platform.startswith("linux"):  # elsewhere a menu that is set takes the left click
            self._icon.setContextMenu(self._menu)
        self._icon.show()

    def hide(self) -> None:
        if self._icon is not None:
            self._icon.hide()

    def show_state(self, state: OutboxChanged) -> None:
        self._state = state
        if self._icon is not None and self._retry is not None:
            self._icon.setIcon(tray_icon(state.mood.value))
            self._icon.setToolTip(tooltip(state))
            self._retry.setVisible(state.waiting > 0)
            self._retry.setText(
                ngettext(
                    "{count} report is not sent yet – try now",
                    "{count} reports are not sent yet – try now",
                    state.waiting,
                ).format(count=state.waiting)
            )

    def geometry(self) -> QRect | None:
        """Where the icon is, None where the tray does not say (StatusNotifier)."""
        rect = self._icon.geometry() if self._icon is not None else QRect()
        return None if rect.isEmpty() else rect

    def _make_menu(self) -> QMenu:
        menu = QMenu()
        menu.addAction(_("Report a problem")).triggered.connect(self.asked_by_menu)
        self._retry = menu.addAction("")
        self._retry.setVisible(False)
        self._retry.triggered.connect(self.send_asked)
        menu.addSeparator()
        menu.addAction(_("Quit")).triggered.connect(self.quit_asked)
        return menu

    def _activate(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.asked.emit()
        elif reason == QSystemTrayIcon.ActivationReason.Context and not sys.platform.startswith("linux"):
            assert self._menu is not None
            self._menu.popup(QCursor.pos())


def tooltip(state: OutboxChanged) -> str:
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
