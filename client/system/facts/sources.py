"""Places outside files where a system keeps what it knows: the Windows registry, sysctl of macOS."""

from __future__ import annotations

import sys


def registry(path: str, name: str) -> str | None:
    """A value under HKEY_LOCAL_MACHINE as text, or None; always the 64-bit view."""
    if sys.platform != "win32":
        return None
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as key:
            return str(winreg.QueryValueEx(key, name)[0]).strip()
    except OSError:
        return None


def has_registry_key(path: str) -> bool:
    if sys.platform != "win32":
        return False
    import winreg

    try:
        winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY).Close()
    except OSError:
        return False
    return True


def registry_children(path: str) -> list[str]:
    if sys.platform != "win32":
        return []
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as key:
            return [winreg.EnumKey(key, index) for index in range(winreg.QueryInfoKey(key)[0])]
    except OSError:
        return []


def sysctl_text(name: str) -> str:
    """A text value of sysctl (macOS), or ""; man 3 sysctlbyname."""
    import ctypes
    import ctypes.util

    libc = ctypes.CDLL(ctypes.util.find_library("c"))
    length = ctypes.c_size_t(0)
    if libc.sysctlbyname(name.encode(), None, ctypes.byref(length), None, 0) != 0:
        return ""
    buffer = ctypes.create_string_buffer(length.value)
    if libc.sysctlbyname(name.encode(), buffer, ctypes.byref(length), None, 0) != 0:
        return ""
    return buffer.value.decode("utf-8", "replace")
