"""Model, memory, disks, displays, battery."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from client.core.models import Display
from client.core.words import N_, _
from client.system.facts.amounts import GIB, free_of
from client.system.facts.found import Found
from client.system.facts.sources import registry, sysctl_text

DMI = Path("/sys/class/dmi/id")
DEVICE_TREE_MODEL = Path("/sys/firmware/devicetree/base/model")
BIOS_KEY = r"HARDWARE\DESCRIPTION\System\BIOS"
# What manufacturers leave in where a name should be.
BLANKS = ("to be filled", "default string", "system product name", "system manufacturer", "o.e.m.", "not specified")
NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "fuse", "9p", "afs", "ceph", "gluster", "davfs", "webdav", "autofs")
READ_ONLY_IMAGES = ("squashfs", "iso9660", "udf", "erofs", "cramfs")


def model() -> Found:
    """Linux: /sys/class/dmi/id, or the device tree; Windows: the BIOS key of the registry; macOS: sysctl hw.model."""
    if sys.platform == "win32":
        parts = [registry(BIOS_KEY, name) for name in ("SystemManufacturer", "SystemProductName")]
    elif sys.platform == "darwin":
        parts = ["Apple", sysctl_text("hw.model")]
    else:
        parts = [_line(DMI / "sys_vendor"), _line(DMI / "product_name"), _line(DMI / "product_version")]
        if not any(parts):
            parts = [_line(DEVICE_TREE_MODEL)]
    words = [part for part in parts if part and not any(blank in part.lower() for blank in BLANKS)]
    return (" ".join(words), None) if words else None


def memory() -> Found:
    import psutil

    now = psutil.virtual_memory()
    return free_of(now.available, now.total), N_("nearly full") if now.available < now.total / 10 else None


def disks() -> Found:
    """Every fixed local file system that can be written; never one on the network, which may hang."""
    import psutil

    lines, is_low, seen = [], False, set()
    for part in psutil.disk_partitions(all=False):
        options = part.opts.split(",")
        if part.device in seen or not _is_fixed(part.fstype, options):
            continue
        if sys.platform == "darwin" and part.mountpoint != "/":  # the other volumes share its space
            continue
        seen.add(part.device)
        try:
            usage = psutil.disk_usage(part.mountpoint)
        except OSError:
            continue
        is_low = is_low or usage.free < min(usage.total / 10, 10 * GIB)
        lines.append(f"{part.mountpoint} {free_of(usage.free, usage.total)}")
    if not lines:  # a container shows no device at all
        usage = psutil.disk_usage("/")
        is_low = usage.free < min(usage.total / 10, 10 * GIB)
        lines.append(free_of(usage.free, usage.total))
    return "; ".join(lines), N_("low") if is_low else None


def displays(known: Sequence[Display]) -> Found:
    if not known:
        return None
    lines = [
        f"{display.number}: {display.name} {display.width} × {display.height}, {display.scale * 100:.0f} %"
        for display in known
    ]
    return "; ".join(lines), None


def battery() -> Found:
    import psutil

    read = getattr(psutil, "sensors_battery", None)
    state = read() if read else None
    if state is None:
        return None
    value = (_("{percent} %, plugged in") if state.power_plugged else _("{percent} %, on battery")).format(
        percent=round(state.percent)
    )
    return value, N_("low") if state.percent < 10 and not state.power_plugged else None


def _is_fixed(kind: str, options: Sequence[str]) -> bool:
    if "remote" in options or "cdrom" in options or "removable" in options:
        return False
    return bool(kind) and kind not in READ_ONLY_IMAGES and not kind.lower().startswith(NETWORK_FILE_SYSTEMS)


def _line(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip(" \t\r\n\0")
    except OSError:
        return ""
