"""The window that has the focus: its program and title, read at the click, before a window of ours can have it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from client.core.models import FrontWindow

MAX_TITLE = 300
KERNEL_NAME_LENGTH = 15  # where Linux cuts the names of programs


def front_window() -> FrontWindow:
    """The front window, empty where the session does not tell (Wayland) or nothing has the focus. Never raises."""
    try:
        if sys.platform == "win32":
            return _windows()
        if sys.platform == "darwin":
            return _macos()
        if os.environ.get("WAYLAND_DISPLAY") or not os.environ.get("DISPLAY"):
            return FrontWindow()
        return _x11()
    except Exception:  # a fact that is missing, never a reason not to report
        return FrontWindow()


def _x11() -> FrontWindow:
    """_NET_ACTIVE_WINDOW, _NET_WM_NAME and _NET_WM_PID of the Extended Window Manager Hints."""
    from client.system.xcb import connected

    with connected() as server:
        window = server.property_number(server.root, "_NET_ACTIVE_WINDOW")
        if not window:
            return FrontWindow()
        title = server.property_bytes(window, "_NET_WM_NAME") or server.property_bytes(window, "WM_NAME")
        pid = server.property_number(window, "_NET_WM_PID")
        group = server.property_bytes(window, "WM_CLASS").decode("utf-8", "replace").strip("\0").split("\0")[-1]
    return FrontWindow(program=_program(pid) or group, title=_clean(title.decode("utf-8", "replace")))


def _program(pid: int) -> str:
    if not pid:
        return ""
    if sys.platform == "linux":  # at the click every millisecond counts, and psutil may not be loaded yet
        with suppress(OSError):
            name = Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
            if len(name) < KERNEL_NAME_LENGTH:
                return name
    import psutil

    try:
        return str(psutil.Process(pid).name())
    except psutil.Error:  # gone, or the number of another machine's or container's process
        return ""


def _windows() -> FrontWindow:
    """user32.GetForegroundWindow, GetWindowTextW, GetWindowThreadProcessId."""
    if sys.platform != "win32":
        return FrontWindow()
    import ctypes

    user32 = ctypes.windll.user32
    user32.GetForegroundWindow.restype = ctypes.c_void_p
    window = ctypes.c_void_p(user32.GetForegroundWindow())
    if not window:
        return FrontWindow()
    # For a window of another process this reads what the system keeps; it does not wait for a program that hangs.
    buffer = ctypes.create_unicode_buffer(MAX_TITLE + 1)
    user32.GetWindowTextW(window, buffer, MAX_TITLE + 1)
    pid = ctypes.c_uint32()
    user32.GetWindowThreadProcessId(window, ctypes.byref(pid))
    return FrontWindow(program=_program(pid.value), title=_clean(buffer.value))


def _macos() -> FrontWindow:
    """NSWorkspace.frontmostApplication by the Objective-C runtime; titles would take a permission."""
    import ctypes
    import ctypes.util

    ctypes.CDLL("/System/Library/Frameworks/AppKit.framework/AppKit")
    objc = ctypes.CDLL(ctypes.util.find_library("objc"))
    objc.objc_getClass.restype = objc.sel_registerName.restype = ctypes.c_void_p
    send = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(("objc_msgSend", objc))
    target = ctypes.c_void_p(objc.objc_getClass(b"NSWorkspace"))
    for selector in (b"sharedWorkspace", b"frontmostApplication", b"localizedName", b"UTF8String"):
        answer = send(target, ctypes.c_void_p(objc.sel_registerName(selector)))
        if not answer:
            return FrontWindow()
        target = ctypes.c_void_p(answer)
    text = ctypes.cast(target, ctypes.c_char_p).value or b""
    return FrontWindow(program=text.decode("utf-8", "replace"))


def _clean(title: str) -> str:
    return " ".join(title.replace("\0", " ").split())[:MAX_TITLE]
