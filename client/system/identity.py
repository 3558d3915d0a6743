"""Whose problem it is, as far as the machine knows. A claim, which the desk shows as not verified."""

from __future__ import annotations

import getpass
import os
import socket
import sys

from client.core.models import Requester

# secur32.GetUserNameExW, EXTENDED_NAME_FORMAT
NAME_SAM_COMPATIBLE = 2
NAME_DISPLAY = 3


def requester() -> Requester:
    """The full name where the system knows one, else the user; never raises, any part may be empty.

    Linux and macOS: the account's GECOS field; Windows: GetUserNameExW, and the user as DOMAIN\\user.
    """
    user = _user()
    return Requester(name=_full_name() or user, user=user, host=host())


def host() -> str:
    try:
        return socket.gethostname()
    except OSError:
        return ""


def _user() -> str:
    if sys.platform == "win32":
        qualified = _windows_name(NAME_SAM_COMPATIBLE)
        if qualified:
            return qualified
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without an entry, and nothing in the environment
        return str(os.getuid()) if hasattr(os, "getuid") else ""


def _full_name() -> str:
    if sys.platform == "win32":
        return _windows_name(NAME_DISPLAY)
    import pwd

    try:
        account = pwd.getpwuid(os.getuid())
    except KeyError:
        return ""
    # passwd(5): the first part of the comma-separated field is the full name, where & stands for the log-in name.
    return account.pw_gecos.split(",")[0].replace("&", account.pw_name.capitalize()).strip()


def _windows_name(kind: int) -> str:
    if sys.platform != "win32":
        return ""
    import ctypes

    length = ctypes.c_ulong(256)
    buffer = ctypes.create_unicode_buffer(length.value)
    return buffer.value if ctypes.windll.secur32.GetUserNameExW(kind, buffer, ctypes.byref(length)) else ""
