"""A window manager, and real tray hosts of both protocols."""

from __future__ import annotations

import ctypes
from enum import StrEnum

from jeepney import DBusAddress, Properties, new_method_call
from jeepney.io.blocking import open_dbus_connection

from tests.rigs.session import Session
from tests.rigs.waiting import wait_until

_LXQT = """[General]
panels=panel1
[panel1]
plugins=statusnotifier
position=Top
panelSize=32
iconSize=22
width=100
width-percent=true
[statusnotifier]
type=statusnotifier
"""

_WATCHER = DBusAddress("/StatusNotifierWatcher", "org.kde.StatusNotifierWatcher", "org.kde.StatusNotifierWatcher")


class TrayHost(StrEnum):
    """Who shows tray icons."""

    TRAYER = "trayer"  # XEmbed
    LXQT = "lxqt-panel"  # StatusNotifier


def window_manager(session: Session) -> None:
    """Starts openbox and waits until it manages windows."""
    session.processes.start("openbox", ["openbox", "--sm-disable"], session.env)
    wait_until(lambda: _owned(session, "WM_S0"), "openbox to manage windows")


def tray_host(session: Session, host: TrayHost) -> None:
    """Starts a tray host at the top of the primary screen, and waits until icons can register."""
    if host is TrayHost.TRAYER:
        place = [
            "--edge",
            "top",
            "--align",
            "right",
            "--widthtype",
            "request",
            "--height",
            "32",
            "--monitor",
            "primary",
        ]
        session.processes.start("trayer", ["trayer", *place, "--SetDockType", "true"], session.env)
        wait_until(lambda: _owned(session, "_NET_SYSTEM_TRAY_S0"), "trayer to own the tray")
    else:
        folder = session.folder / "home/.config/lxqt"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "panel.conf").write_text(_LXQT)
        session.processes.start("lxqt-panel", ["lxqt-panel"], session.env)
        wait_until(lambda: status_notifier_items(session) is not None, "lxqt-panel to watch for icons")


def status_notifier_items(session: Session) -> list[str] | None:
    """The icons that a StatusNotifier host has; None where there is no such host."""
    with open_dbus_connection(session.env["DBUS_SESSION_BUS_ADDRESS"]) as bus:
        reply = bus.send_and_get_reply(Properties(_WATCHER).get("RegisteredStatusNotifierItems"), timeout=5)
    return list(reply.body[0][1]) if reply.header.message_type.name == "method_return" else None


def activate_item(session: Session) -> None:
    """What a StatusNotifier host sends when its only icon is clicked: for a seat without a pointer."""
    (item,) = status_notifier_items(session) or []
    owner, _, path = item.partition("/")
    address = DBusAddress("/" + path, owner, "org.kde.StatusNotifierItem")
    with open_dbus_connection(session.env["DBUS_SESSION_BUS_ADDRESS"]) as bus:
        bus.send_and_get_reply(new_method_call(address, "Activate", "ii", (0, 0)), timeout=5)


def _owned(session: Session, selection: str) -> bool:
    """Whether an X selection has an owner: window managers and tray hosts announce themselves so (ICCCM 4.3)."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XGetSelectionOwner.restype = ctypes.c_ulong
    display = ctypes.c_void_p(x11.XOpenDisplay(session.env["DISPLAY"].encode()))
    try:
        atom = ctypes.c_ulong(x11.XInternAtom(display, selection.encode(), 0))
        return bool(x11.XGetSelectionOwner(display, atom))
    finally:
        x11.XCloseDisplay(display)
