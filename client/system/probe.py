"""What this machine's session offers Deskbell, for `deskbell doctor`: cheap, without Qt, nothing is changed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from client.core.lane import within
from client.core.models import SecretStore
from client.core.words import _

LIMIT_S = 2.0
WATCHER = "org.kde.StatusNotifierWatcher"
NOTIFICATIONS = "org.freedesktop.Notifications"
PORTAL = "org.freedesktop.portal.Desktop"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `state` says what was found, `advice` what to do where `is_ok` is False."""

    key: str  # "session", "tray", "notifications", "capture", "secrets"
    label: str
    is_ok: bool
    state: str
    advice: str = ""


def checks(secrets: SecretStore) -> tuple[Check, ...]:
    """All checks, each within two seconds."""
    probes: tuple[tuple[str, str, Callable[[], Check]], ...] = (
        ("session", _("Desktop session"), session),
        ("tray", _("Icon in the notification area"), tray),
        ("notifications", _("Notifications"), notifications),
        ("capture", _("Screenshots"), capture),
        ("secrets", _("Credential store"), lambda: secret_place(secrets)),
    )
    return tuple(_guarded(key, label, probe) for key, label, probe in probes)


def session() -> Check:
    label = _("Desktop session")
    if sys.platform in ("win32", "darwin"):
        return Check("session", label, True, "Windows" if sys.platform == "win32" else "macOS")
    if os.environ.get("WAYLAND_DISPLAY"):
        return Check("session", label, True, "Wayland")
    if os.environ.get("DISPLAY"):
        return Check("session", label, True, "X11")
    advice = _("Start Deskbell on a desktop, not on a text console. Reports without pictures work here too.")
    return Check("session", label, False, _("no desktop"), advice)


def tray() -> Check:
    """StatusNotifier (D-Bus) first, then the XEmbed tray selection of X11."""
    label = _("Icon in the notification area")
    if sys.platform in ("win32", "darwin"):
        return Check("tray", label, True, _("part of this system"))
    if _has_owner(WATCHER):
        return Check("tray", label, True, "StatusNotifier")
    if not os.environ.get("WAYLAND_DISPLAY") and _has_xembed_tray():
        return Check("tray", label, True, "XEmbed")
    advice = _(
        "On GNOME, install and switch on the extension “AppIndicator and KStatusNotifierItem Support”. Until then, "
        "report from the applications menu or with “deskbell report --panel”."
    )
    return Check("tray", label, False, _("this desktop shows no icons"), advice)


def notifications() -> Check:
    label = _("Notifications")
    if sys.platform in ("win32", "darwin"):
        return Check("notifications", label, True, _("part of this system"))
    if _has_owner(NOTIFICATIONS) or _is_activatable(NOTIFICATIONS):
        return Check("notifications", label, True, _("the desktop shows them"))
    advice = _("Start a notification service such as dunst. Without one, the icon alone tells how a report fares.")
    return Check("notifications", label, False, _("nobody shows them"), advice)


def capture() -> Check:
    """The way that `client.capture.choose` would take, and whether what it needs is there. Takes no picture."""
    label = _("Screenshots")
    if sys.platform == "win32":
        return Check("capture", label, True, "mss")
    if sys.platform == "darwin":
        return _macos_capture(label)
    if os.environ.get("WAYLAND_DISPLAY"):
        return _wayland_capture(label)
    if os.environ.get("DISPLAY"):
        from client.system.xcb import connected

        with connected():
            return Check("capture", label, True, "mss (X11)")
    return Check("capture", label, False, _("no desktop to take pictures of"), _("Reports are sent without pictures."))


def secret_place(secrets: SecretStore) -> Check:
    return Check("secrets", _("Credential store"), True, secrets.where)


def _wayland_capture(label: str) -> Check:
    import shutil

    has_portal = _offers_screenshots()
    has_grim = shutil.which("grim") is not None
    if has_portal:
        return Check("capture", label, True, _("the desktop’s own service"))
    if has_grim:
        return Check("capture", label, True, "grim")
    advice = _(
        "Install xdg-desktop-portal with the part for this desktop (such as xdg-desktop-portal-gnome, -kde or -gtk), "
        "or grim on sway and its kin. Reports are sent without pictures until then."
    )
    return Check("capture", label, False, _("this desktop offers no way"), advice)


def _macos_capture(label: str) -> Check:
    import ctypes

    framework = "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics"
    if ctypes.CDLL(framework).CGPreflightScreenCaptureAccess():
        return Check("capture", label, True, _("allowed"))
    advice = _(
        "Open System Settings, Privacy & Security, Screen & System Audio Recording, allow Deskbell, and start it again."
    )
    return Check("capture", label, False, _("not allowed yet"), advice)


def _has_xembed_tray() -> bool:
    from client.system.xcb import connected

    try:
        with connected() as server:
            return server.selection_owner("_NET_SYSTEM_TRAY_S0") != 0
    except OSError:
        return False


def _has_owner(name: str) -> bool:
    from jeepney.bus_messages import message_bus

    return bool(_ask_bus(message_bus.NameHasOwner(name)))


def _is_activatable(name: str) -> bool:
    from jeepney.bus_messages import message_bus

    names = _ask_bus(message_bus.ListActivatableNames())
    return isinstance(names, list) and name in names


def _offers_screenshots() -> bool:
    from jeepney import DBusAddress, Properties

    address = DBusAddress("/org/freedesktop/portal/desktop", PORTAL, "org.freedesktop.portal.Screenshot")
    return bool(_ask_bus(Properties(address).get("version")))


def _ask_bus(call: object) -> object:
    """The first thing that the session bus answers, None where there is no bus or it answers with an error."""
    from jeepney import MessageType
    from jeepney.io.blocking import open_dbus_connection

    try:
        connection = open_dbus_connection("SESSION")
    except (OSError, KeyError, ValueError):
        return None
    with connection:
        reply = connection.send_and_get_reply(call, timeout=LIMIT_S)
    return reply.body[0] if reply.header.message_type == MessageType.method_return and reply.body else None


def _guarded(key: str, label: str, probe: Callable[[], Check]) -> Check:
    try:
        return within(LIMIT_S, probe)
    except TimeoutError:
        return Check(key, label, False, _("no answer"), _("Sign out and in again, then try once more."))
    except Exception as error:
        return Check(key, label, False, type(error).__name__, _("Show this to your IT department."))
