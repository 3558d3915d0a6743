"""Where Deskbell keeps things. One folder, the profile, moves all of them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one user on one machine. Never a roaming or synced place: the spool is this machine's."""

    data: Path  # spool, identity, settings
    cache: Path  # may be deleted at any time
    log: Path
    run: Path  # lock and ring of the running instance
    machine_config: Path  # written by IT, read by everybody
    is_apart: bool = False  # a profile folder of its own: nothing is kept outside it

    @property
    def spool(self) -> Path:
        return self.data / "spool"

    @property
    def user_config(self) -> Path:
        return self.data / "deskbell.json"


def paths(profile: Path | None = None) -> Paths:
    """The folders under `profile`, or the operating system's own where None."""
    if profile is not None:
        root = profile.expanduser().absolute()
        return Paths(root, root / "cache", root / "log", root / "run", root / "machine.json", is_apart=True)
    from platformdirs import PlatformDirs

    dirs = PlatformDirs(
        "Deskbell" if sys.platform in ("win32", "darwin") else "deskbell", appauthor=False, roaming=False
    )
    data = Path(dirs.user_data_dir)
    runtime = os.environ.get("XDG_RUNTIME_DIR") if sys.platform.startswith("linux") else None
    return Paths(
        data=data,
        cache=Path(dirs.user_cache_dir),
        log=Path(dirs.user_log_dir),
        run=Path(runtime) / "deskbell" if runtime else data / "run",
        machine_config=_machine_config(),
    )


def _machine_config() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "Deskbell" / "deskbell.json"
    if sys.platform == "darwin":
        return Path("/Library/Application Support/Deskbell/deskbell.json")
    return Path("/etc/deskbell/deskbell.json")
