"""Searches for a needle in whatever form it may have taken, in files, processes and bytes that were recorded."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import psutil


def forms(needle: bytes) -> Iterator[bytes]:
    """The needle as it is, in hex, in base64 at each of three offsets, percent-encoded, in UTF-16, reversed."""
    yield needle
    yield needle.hex().encode()
    for skipped in range(3):
        text = base64.b64encode(b"\0" * skipped + needle)
        inner = text[4 if skipped else 0 : len(text) // 4 * 4 - 4]  # ends depend on what stands beside
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))
    yield quote(needle).encode()
    yield needle.decode("latin-1").encode("utf-16-le")
    yield needle[::-1]


def holds(haystack: bytes, needle: bytes) -> bool:
    """Whether the needle is there in any form."""
    return any(form in haystack for form in forms(needle))


def files(root: Path, *, without: str = "") -> bytes:
    """Names and contents of all files below, each beside the other; but for the folder called `without`."""
    found = bytearray()
    for path in sorted(root.rglob("*")):
        if path.relative_to(root).parts[0] != without:
            found += f"\n{path.relative_to(root)}\n".encode()
            with contextlib.suppress(OSError):  # a folder, or gone in this moment
                found += path.read_bytes()
    return bytes(found)


def command_lines(processes: Iterable[psutil.Process]) -> bytes:
    """What everybody on the machine can read of these processes."""
    return _read(processes, "cmdline")


def environments(processes: Iterable[psutil.Process]) -> bytes:
    """What the same user, and every program that they start, gets to see."""
    return _read(processes, "environ")


def _read(processes: Iterable[psutil.Process], name: str) -> bytes:
    found = bytearray()
    for process in processes:
        with contextlib.suppress(OSError):
            found += Path(f"/proc/{process.pid}/{name}").read_bytes() + b"\n"
    return bytes(found)
