"""The Screenshot portal of the desktop (org.freedesktop.portal.Screenshot), by plain D-Bus.

Reference: https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Screenshot.html
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jeepney import Message
    from jeepney.io.blocking import DBusConnection

APP_ID = "org.deskbell.Deskbell"
BUS_NAME = "org.freedesktop.portal.Desktop"
OBJECT_PATH = "/org/freedesktop/portal/desktop"
MAX_FILE_BYTES = 1 << 30
CALL_TIMEOUT_S = 10.0


class PortalError(Exception):
    """There is no portal here, or what it gave is of no use."""


class PortalRefused(Exception):
    """Somebody, or a policy, said no."""


def screenshot(patience_s: float) -> bytes:
    """The file that the portal made of the whole desktop; it is deleted from disk in any case.

    Waits up to `patience_s` for somebody to answer the desktop's question. Raises PortalRefused, PortalError, or
    TimeoutError.
    """
    from jeepney.io.blocking import open_dbus_connection

    try:
        connection = open_dbus_connection("SESSION")
    except Exception as error:
        raise PortalError("no session bus") from error
    try:
        return take_file(_ask(connection, patience_s))
    except (PortalRefused, PortalError, TimeoutError):
        raise
    except Exception as error:
        raise PortalError(str(error)) from error
    finally:
        connection.close()


def take_file(uri: str) -> bytes:
    """The content of the file at `uri`, which is gone afterwards, whatever happens.

    Only a regular file of this user at a file: address is touched; a link is neither followed nor removed.
    """
    if sys.platform == "win32":
        raise PortalError("Windows has no portal")
    parts = urllib.parse.urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise PortalError("not a local file")
    path = Path(urllib.parse.unquote(parts.path))
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise PortalError(f"the picture cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
            raise PortalError("not a file of this user")
        # The bytes stay readable by the open handle; unlinked first, nothing that fails later can leave them behind.
        try:
            path.unlink()
        except OSError as error:
            raise PortalError(f"the picture cannot be deleted: {error.strerror}") from error
        if found.st_size > MAX_FILE_BYTES:
            raise PortalError("the picture is too big")
        return file.read()


def _ask(connection: DBusConnection, patience_s: float) -> str:
    from jeepney import DBusAddress, MatchRule, new_method_call
    from jeepney.bus_messages import message_bus

    _register(connection)
    token = "deskbell" + secrets.token_hex(8)
    sender = connection.unique_name.removeprefix(":").replace(".", "_")
    answer = MatchRule(
        type="signal",
        interface="org.freedesktop.portal.Request",
        member="Response",
        path=f"{OBJECT_PATH}/request/{sender}/{token}",
    )
    connection.send_and_get_reply(message_bus.AddMatch(answer), timeout=CALL_TIMEOUT_S)
    # Subscribed before the call: a portal may answer before it returns.
    with connection.filter(answer) as answers:
        address = DBusAddress(OBJECT_PATH, bus_name=BUS_NAME, interface="org.freedesktop.portal.Screenshot")
        options = {"handle_token": ("s", token), "interactive": ("b", False), "modal": ("b", False)}
        call = new_method_call(address, "Screenshot", "sa{sv}", ("", options))
        _check(connection.send_and_get_reply(call, timeout=patience_s))
        code, results = connection.recv_until_filtered(answers, timeout=patience_s).body
    if code != 0:
        raise PortalRefused(f"response {code}")
    try:
        return str(results["uri"][1])
    except (KeyError, IndexError, TypeError) as error:
        raise PortalError("an answer without a picture") from error


def _register(connection: DBusConnection) -> None:
    """Tell the portal who asks, so that a permission is remembered for this program (xdg-desktop-portal 1.20)."""
    from jeepney import DBusAddress, MessageFlag, new_method_call

    address = DBusAddress(OBJECT_PATH, bus_name=BUS_NAME, interface="org.freedesktop.host.portal.Registry")
    call = new_method_call(address, "Register", "sa{sv}", (APP_ID, {}))
    # Older portals do not know the call. Nobody waits for the answer: the bus keeps the order of calls.
    call.header.flags |= MessageFlag.no_reply_expected
    connection.send(call)


def _check(reply: Message) -> None:
    from jeepney import HeaderFields, MessageType

    if reply.header.message_type == MessageType.error:
        raise PortalError(str(reply.header.fields.get(HeaderFields.error_name, "error")))
