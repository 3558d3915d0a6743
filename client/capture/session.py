"""Which kind of desktop session this is. It alone decides how pictures are taken."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Session(StrEnum):
    X11 = "x11"
    WAYLAND = "wayland"
    WINDOWS = "windows"
    MACOS = "macos"


def current(environ: Mapping[str, str], platform: str) -> Session:
    """The session by `sys.platform` and the environment.

    Never by trial: under XWayland an X11 grab succeeds and is black. So a Wayland socket in the environment wins over
    `XDG_SESSION_TYPE`, which a shell inherited from a text console may have wrong.
    """
    if platform == "win32":
        return Session.WINDOWS
    if platform == "darwin":
        return Session.MACOS
    if environ.get("WAYLAND_DISPLAY"):
        return Session.WAYLAND
    if environ.get("XDG_SESSION_TYPE", "").lower() == "wayland" and "DISPLAY" not in environ:
        return Session.WAYLAND
    return Session.X11
