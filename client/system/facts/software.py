"""Operating system, last start, restart pending, largest programs, printers."""

from __future__ import annotations

import os
import platform
import sys
import time
from datetime import datetime
from pathlib import Path

from client.core.words import N_, _, ngettext
from client.system.facts.amounts import size
from client.system.facts.found import Found
from client.system.facts.sources import has_registry_key, registry

WINDOWS_KEY = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
RESTART_KEYS = (
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired",
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
)
RESTART_FLAG = Path("/run/reboot-required")
RESTART_HOOK = Path("/usr/share/update-notifier/notify-reboot-required")
PPD = Path("/etc/cups/ppd")
LPOPTIONS = (Path.home() / ".cups/lpoptions", Path("/etc/cups/lpoptions"))
LONG_UP_DAYS = 30
DAY_S = 86_400
TOP = 5
CANDIDATES = 40  # processes whose names are read; the rest is too small to matter


def system() -> Found:
    """Linux: os-release and the kernel; Windows: CurrentVersion of the registry; macOS: SystemVersion.plist."""
    if sys.platform == "win32":
        build = f"{registry(WINDOWS_KEY, 'CurrentBuild')}.{registry(WINDOWS_KEY, 'UBR')}"
        name = registry(WINDOWS_KEY, "ProductName") or "Windows"
        # The registry calls Windows 11 "Windows 10"; the build number tells them apart.
        if int(registry(WINDOWS_KEY, "CurrentBuild") or 0) >= 22_000:
            name = name.replace("Windows 10", "Windows 11")
        return f"{name} {registry(WINDOWS_KEY, 'DisplayVersion') or ''} ({build})", None
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]} ({os.uname().release})", None
    name = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return f"{name} ({os.uname().release})", None


def boot() -> Found:
    import psutil

    started = psutil.boot_time()
    days = max(0, int((time.time() - started) // DAY_S))
    when = datetime.fromtimestamp(started).astimezone().strftime("%Y-%m-%d %H:%M")
    value = when
    if days:
        value = ngettext("{when}, {days} day ago", "{when}, {days} days ago", days).format(when=when, days=days)
    return value, N_("not restarted for weeks") if days > LONG_UP_DAYS else None


def restart_pending() -> Found:
    """Debian family: /run/reboot-required, known only where its hook is installed; Windows: two keys."""
    if sys.platform == "win32":
        is_pending = any(has_registry_key(key) for key in RESTART_KEYS)
        is_known = True
    else:
        is_pending = RESTART_FLAG.exists()
        is_known = RESTART_HOOK.exists()
    if is_pending:
        return _("yes"), N_("restart needed")
    return (_("no"), None) if is_known else None


def largest_programs() -> Found:
    """The five programs that hold most memory, all processes of a program counted together."""
    import psutil

    held = []
    for process in psutil.process_iter():
        try:
            held.append((process.memory_info().rss, process))
        except psutil.Error:
            continue
    held.sort(key=lambda pair: pair[0], reverse=True)
    sums: dict[str, int] = {}
    for count_bytes, process in held[:CANDIDATES]:
        try:
            name = process.name()
        except psutil.Error:
            continue
        sums[name] = sums.get(name, 0) + count_bytes
    top = sorted(sums.items(), key=lambda pair: pair[1], reverse=True)[:TOP]
    return (", ".join(f"{name} {size(count_bytes)}" for name, count_bytes in top), None) if top else None


def printers() -> Found:
    """Linux and macOS: the queues of CUPS by their PPD files; Windows: winspool."""
    names, default = _windows_printers() if sys.platform == "win32" else _cups_printers()
    marked = [_("{printer} (default)").format(printer=name) if name == default else name for name in names]
    return (", ".join(marked), None) if marked else None


def _cups_printers() -> tuple[list[str], str]:
    names = sorted(path.stem for path in PPD.glob("*.ppd")) if PPD.is_dir() else []
    for path in LPOPTIONS:
        try:
            lines = path.read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        default = next((words[1] for words in map(str.split, lines) if len(words) > 1 and words[0] == "Default"), "")
        if default:
            return names, default
    return names, ""


def _windows_printers() -> tuple[list[str], str]:
    """winspool.EnumPrintersW, level 4, which asks no printer: name, server, attributes."""
    if sys.platform != "win32":
        return [], ""
    import ctypes

    class PrinterInfo4(ctypes.Structure):
        _fields_ = (
            ("name", ctypes.c_wchar_p),
            ("server", ctypes.c_wchar_p),
            ("attributes", ctypes.c_uint32),
        )

    spool = ctypes.WinDLL("winspool.drv")
    needed, count = ctypes.c_uint32(), ctypes.c_uint32()
    local_and_connections = 0x2 | 0x4
    spool.EnumPrintersW(local_and_connections, None, 4, None, 0, ctypes.byref(needed), ctypes.byref(count))
    buffer = ctypes.create_string_buffer(needed.value)
    if not spool.EnumPrintersW(
        local_and_connections, None, 4, buffer, needed.value, ctypes.byref(needed), ctypes.byref(count)
    ):
        return [], ""
    rows = ctypes.cast(buffer, ctypes.POINTER(PrinterInfo4))
    names = [str(rows[index].name) for index in range(count.value)]
    length = ctypes.c_uint32(256)
    default = ctypes.create_unicode_buffer(256)
    found = spool.GetDefaultPrinterW(default, ctypes.byref(length))
    return names, default.value if found else ""
