"""One instance per user and desktop session, and the ring by which a second start asks the first to show itself.

The lock is the operating system's and ends with the process, however that ends. The ring is a named pipe and carries
one fixed word; nothing that arrives is ever parsed (client/ui/ring.py listens).
"""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

from client.core.claim import Claim, claim

WORD = b"show\n"
RETRY_S = 0.05


class Instance:
    """The right to be the program that has the icon in this session."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._claim: Claim | None = None

    def acquire(self) -> bool:
        """Whether this process is the one. Makes the folder. Raises OSError where it cannot be written."""
        if self._claim is not None:
            return True
        _private(self._run_dir)
        self._claim = claim(self._run_dir / f"deskbell-{_session()}.lock")
        return self._claim is not None

    def release(self) -> None:
        """Give the right back. The lock file stays: to delete it would let two processes hold two files of one name."""
        if self._claim is not None:
            self._claim.release()
            self._claim = None


def ring_address(run_dir: Path) -> str:
    """The named pipe of the ring: a path; on Windows, where such pipes have a place of their own, a name."""
    name = f"deskbell-{_session()}"
    if sys.platform != "win32":
        return str(run_dir.absolute() / f"{name}.ring")
    import hashlib

    digest = hashlib.sha256(f"{run_dir.absolute()}/{name}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"deskbell-{digest}"


def ring(run_dir: Path, timeout_s: float) -> bool:
    """Ask the running instance to show itself; False where none has listened within `timeout_s`.

    The other one may just be starting, so this tries again until then.
    """
    import threading
    import time

    deadline = time.monotonic() + timeout_s
    address = ring_address(run_dir)
    pause = threading.Event()
    while True:
        try:
            _send(address)
            return True
        except OSError:
            if time.monotonic() >= deadline:
                return False
        pause.wait(min(RETRY_S, max(0.0, deadline - time.monotonic())))


def _session() -> str:
    """This desktop session as a part of a name: two sessions of one user have an icon each."""
    if sys.platform == "win32":
        import ctypes

        number = ctypes.c_uint32()
        ctypes.windll.kernel32.ProcessIdToSessionId(os.getpid(), ctypes.byref(number))
        return str(number.value)
    # ":0.0" is a screen of the display ":0"; a Wayland socket may be given by its path.
    display = os.environ.get("WAYLAND_DISPLAY") or re.sub(r"\.\d+$", "", os.environ.get("DISPLAY", ""))
    text = re.sub(r"[^A-Za-z0-9-]+", "_", display.rpartition("/")[2]).strip("_")
    return text[:40] or "none"


def _private(folder: Path) -> None:
    """Make a folder for this user alone; OSError where it is somebody else's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform == "win32":
        return
    found = folder.lstat()
    if found.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else")
    if found.st_mode & 0o077:
        folder.chmod(0o700)


def _send(address: str) -> None:
    if sys.platform == "win32":
        # The right to come to the front is handed over with the ring.
        import ctypes

        ctypes.windll.user32.AllowSetForegroundWindow(-1)
        with Path(rf"\\.\pipe\{address}").open("r+b", buffering=0) as pipe:
            pipe.write(WORD)
        return
    # A pipe at which nobody listens refuses to be opened like this.
    handle = os.open(address, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISFIFO(os.fstat(handle).st_mode):
            raise FileNotFoundError(f"{address} is no pipe")
        os.write(handle, WORD)
    finally:
        os.close(handle)
