"""A place of one's own for mounts, so that a test may fill a small disk that nobody else sees."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def own_mounts() -> list[str] | None:
    """What to put before a command so that its mounts are its own; None where this machine gives nothing of the kind.

    Root needs no user namespace, and in a chroot there is none to be had. There the usual step of unsharing, to make
    all mounts private, fails as well, because "/" is no mount point; it is not needed where nothing is shared anyhow.
    """
    ways = [["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]]
    if "shared:" not in Path("/proc/self/mountinfo").read_text():
        ways.append(["unshare", "--mount", "--propagation", "unchanged"])
    for way in ways:
        try:
            if subprocess.run([*way, "true"], capture_output=True, timeout=10, check=False).returncode == 0:
                return way
        except FileNotFoundError:
            return None
    return None
