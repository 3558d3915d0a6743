"""Who sits where: host, user, domain, the program in front, the desktop session, time zone, language settings."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

from client.core.models import FrontWindow
from client.system import identity
from client.system.facts.found import Found

KERBEROS = Path("/etc/krb5.conf")
LOCAL_TIME = Path("/etc/localtime")
LANGUAGE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def host() -> Found:
    name = identity.host()
    return (name, None) if name else None


def user() -> Found:
    who = identity.requester()
    if not who.user:
        return None
    return (f"{who.user} ({who.name})" if who.name and who.name != who.user else who.user, None)


def domain() -> Found:
    """Windows: USERDNSDOMAIN of a domain log-on; Linux and macOS: the default realm of /etc/krb5.conf."""
    name = os.environ.get("USERDNSDOMAIN", "") if sys.platform == "win32" else _realm()
    return (name.lower(), None) if name else None


def front(window: FrontWindow) -> Found:
    text = " – ".join(part for part in (window.program, window.title) if part)
    return (text, None) if text else None


def desktop() -> Found:
    if sys.platform in ("win32", "darwin"):
        remote = os.environ.get("SESSIONNAME", "")
        return (remote, None) if remote.upper().startswith("RDP") else None
    kind = "Wayland" if os.environ.get("WAYLAND_DISPLAY") else "X11" if os.environ.get("DISPLAY") else ""
    name = os.environ.get("XDG_CURRENT_DESKTOP", "").replace(":", ", ")
    if not kind and not name:
        return None
    return (f"{name} ({kind})" if name and kind else name or kind, None)


def time_zone() -> Found:
    offset = datetime.now().astimezone().strftime("%z")
    value = f"UTC{offset[:3]}:{offset[3:5]}"
    name = _zone_name()
    return (f"{name} ({value})" if name else value, None)


def language_settings() -> Found:
    if sys.platform == "win32":
        import ctypes

        buffer = ctypes.create_unicode_buffer(85)  # LOCALE_NAME_MAX_LENGTH
        ctypes.windll.kernel32.GetUserDefaultLocaleName(buffer, 85)
        return (buffer.value, None) if buffer.value else None
    value = next((os.environ[name] for name in LANGUAGE_VARIABLES if os.environ.get(name)), "")
    return (value, None) if value else None


def _zone_name() -> str:
    if os.environ.get("TZ"):
        return os.environ["TZ"].removeprefix(":")
    if sys.platform == "win32":
        return datetime.now().astimezone().tzname() or ""
    try:
        target = str(LOCAL_TIME.readlink())
    except OSError:
        return ""
    return target.partition("zoneinfo/")[2]


def _realm() -> str:
    try:
        lines = KERBEROS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        key, _separator, value = line.partition("=")
        if key.strip() == "default_realm":
            return value.strip()
    return ""
