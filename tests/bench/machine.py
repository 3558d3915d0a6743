"""Where and on what a run took place, without names: what a reader needs to judge its figures by."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping

from tests.rigs.session import ROOT


def commit() -> str:
    """The commit of the work tree, with a + where it has changes that are not committed."""
    command = ["git", "describe", "--always", "--dirty=+"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def machine() -> Mapping[str, str | int]:
    """Cores, Python, system."""
    try:
        release = platform.freedesktop_os_release()
        system = f"{release['NAME'].removesuffix(' GNU/Linux')} {release.get('VERSION_ID', '')}".strip()
    except OSError:
        system = platform.system()
    return {"cores": os.cpu_count() or 0, "python": platform.python_version(), "system": system}
