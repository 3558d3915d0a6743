"""The screenshot portal, with the user's answer to its question given beforehand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum

from jeepney import DBusAddress, MessageType, Properties, message_bus, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from tests.rigs import portal_backend
from tests.rigs.session import ROOT, Session
from tests.rigs.waiting import wait_until

_STORE = "org.freedesktop.impl.portal.PermissionStore"
_PORTAL = "org.freedesktop.portal.Desktop"


class Permission(StrEnum):
    """What the portal does when asked for a picture."""

    GRANTED = "yes"
    REFUSED = "no"
    UNANSWERED = "ask"  # a dialog that nobody answers


def start_for_sway(session: Session, permission: Permission) -> None:
    """The portal on sway. GRANTED takes pictures through -wlr, which asks nobody.

    The others stand for a desktop whose portal asks: its own dialog (GTK's) or its permission store decides.
    """
    start_store(session)
    _service(session, ["/usr/libexec/xdg-desktop-portal-gtk"], "org.freedesktop.impl.portal.desktop.gtk")
    if permission is Permission.GRANTED:
        session.processes.start("pipewire", ["pipewire"], session.env)  # -wlr does not start without
        wait_until((session.folder / "run/pipewire-0").exists, "pipewire")
        _service(session, ["/usr/libexec/xdg-desktop-portal-wlr"], "org.freedesktop.impl.portal.desktop.wlr")
    else:
        backends = session.folder / "portals"
        backends.mkdir()
        shutil.copy("/usr/share/xdg-desktop-portal/portals/gtk.portal", backends)
        (backends / "rig.portal").write_text(portal_backend.PORTAL_FILE)
        session.hand_over(backends)
        session.env |= {"XDG_DESKTOP_PORTAL_DIR": str(backends), "PYTHONPATH": str(ROOT)}
        command = [session.python, "-m", "tests.rigs.portal_backend", session.env["DBUS_SESSION_BUS_ADDRESS"]]
        _service(session, command, portal_backend.NAME)
    start_frontend(session, permission)


def start_for_gnome(session: Session, permission: Permission) -> None:
    """GNOME's own portal, which asks the user once and remembers the answer."""
    start_store(session)
    gnome = "org.freedesktop.impl.portal.desktop.gnome"
    _service(session, ["/usr/libexec/xdg-desktop-portal-gnome"], gnome)
    start_frontend(session, permission)


def start_frontend(session: Session, permission: Permission) -> None:
    """The portal itself, once its store and its back-ends are there."""
    decide(session, permission)
    _service(session, ["/usr/libexec/xdg-desktop-portal"], _PORTAL)
    screenshot = DBusAddress("/org/freedesktop/portal/desktop", _PORTAL, "org.freedesktop.portal.Screenshot")

    def offered() -> bool:
        with _bus(session) as bus:
            reply = bus.send_and_get_reply(Properties(screenshot).get("version"), timeout=10)
            return reply.header.message_type is MessageType.method_return

    wait_until(offered, "the portal to offer screenshots")


def start_store(session: Session) -> None:
    """Where the portal keeps what the user has allowed."""
    _service(session, ["/usr/libexec/xdg-permission-store"], _STORE)


def decide(session: Session, permission: Permission) -> None:
    """Stores the user's answer for programs without a sandbox."""
    store = DBusAddress("/org/freedesktop/impl/portal/PermissionStore", _STORE, _STORE)
    body = ("screenshot", True, "screenshot", "", [permission.value])
    with _bus(session) as bus:
        reply = bus.send_and_get_reply(new_method_call(store, "SetPermission", "sbssas", body), timeout=10)
    if reply.header.message_type is not MessageType.method_return:
        raise AssertionError(f"the permission store refused: {reply.body}")


def _service(session: Session, command: Sequence[str], name: str) -> None:
    session.processes.start(name.rsplit(".", 1)[-1], command, session.env)

    def owned() -> bool:
        with _bus(session) as bus:
            return bool(bus.send_and_get_reply(message_bus.NameHasOwner(name), timeout=10).body[0])

    wait_until(owned, name)


@contextmanager
def _bus(session: Session) -> Iterator[DBusConnection]:
    with open_dbus_connection(session.env["DBUS_SESSION_BUS_ADDRESS"]) as connection:
        yield connection
