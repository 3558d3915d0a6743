"""Programs that people run in their trays today, beside ours: each as it starts at login, in a home of its own."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil

from tests.bench.measuring import Table
from tests.bench.spool_figures import away_from_the_desk, program
from tests.bench.tray_figures import BARE, pss_mib, registered, stop, until_idle
from tests.rigs.session import Session

_ACCOUNT = """[Accounts]
version=2
0\\version=1
0\\authType=webflow
0\\dav_user=anna
0\\user=anna
0\\webflow_user=anna
0\\url=https://cloud.example.invalid
0\\serverVersion=27.0.0
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A program. `set_up` is called with its home before each start, so that it opens no window by itself."""

    name: str
    command: Sequence[str]
    set_up: Callable[[Path], None] = lambda _home: None
    taken: list[tuple[float, float]] = field(default_factory=list)


def tables(quick: bool) -> Iterator[Table]:
    """Start and memory of all of them, in turn."""
    with away_from_the_desk() as (session, profile):
        alone = _without_network()
        whys: dict[str, str] = {}
        programs = _programs(session, profile)
        for number in range((3 if quick else 9) + 1):  # the first start compiles, or makes folders and databases
            for each in programs:
                if each.name not in whys:
                    try:
                        found = _started(session, alone, each)
                    except (TimeoutError, AssertionError, OSError) as error:
                        whys[each.name] = _reason(each, error)
                    else:
                        each.taken.extend([found] if number else [])
        yield Table("peers", [_row(each, whys.get(each.name)) for each in programs])


def _programs(session: Session, profile: Path) -> Sequence[Peer]:
    return (
        Peer("bare PySide6 tray script", [session.python, *BARE]),
        Peer("Deskbell", program(session, profile)),
        Peer("flameshot", ["flameshot"]),
        Peer("nextcloud-desktop", ["nextcloud", "--background"], _with_an_account),
        Peer("vorta", ["vorta"], _without_its_window),
    )


def _started(session: Session, alone: Sequence[str], peer: Peer) -> tuple[float, float]:
    home = session.folder / "homes" / peer.name.split()[0]
    (home / "run").mkdir(mode=0o700, parents=True, exist_ok=True)
    peer.set_up(home)
    variables = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_RUNTIME_DIR": str(home / "run"),
    }
    if not shutil.which(peer.command[0]):
        raise FileNotFoundError("it is not installed")
    process, ready_ms = registered(session, [*alone, *peer.command], variables)
    until_idle(process.pid)
    family = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
    mib = sum(map(pss_mib, family))
    stop(session, process)
    return ready_ms, mib


def _row(peer: Peer, why_not: str | None) -> Mapping[str, str | float]:
    row: dict[str, str | float] = {"program": peer.name, "version": _version(peer.name)}
    if why_not or not peer.taken:
        return {**row, "why_not": why_not or "it was not started often enough"}
    ready, memory = zip(*peer.taken, strict=True)
    return {**row, "ready_ms": median(ready), "pss_mib": median(memory), "starts": len(peer.taken)}


def _reason(peer: Peer, error: Exception) -> str:
    is_late = isinstance(error, TimeoutError)
    return "no icon within 20 s" if is_late else str(error).splitlines()[0] or type(error).__name__


def _version(package: str) -> str:
    """Of an installed Debian package; empty where there is none of that name."""
    command = ["dpkg-query", "-W", "-f", "${Version}", package]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        return ""


def _without_network() -> Sequence[str]:
    """What to put before a command so that it has no network; nothing where this machine does not give that."""
    for way in (["unshare", "--net"], ["unshare", "--net", "--map-current-user"]):
        if subprocess.run([*way, "true"], capture_output=True, check=False).returncode == 0:
            return way
    return ()


def _with_an_account(home: Path) -> None:
    """Without one, nextcloud-desktop opens a window to make one."""
    settings = home / ".config/Nextcloud/nextcloud.cfg"
    if not settings.exists():
        settings.parent.mkdir(parents=True)
        settings.write_text(_ACCOUNT)


def _without_its_window(home: Path) -> None:
    """Vorta opens its window unless its own setting says otherwise, which is there after the first start."""
    path = home / ".local/share/Vorta/settings.db"
    if path.exists():
        with sqlite3.connect(path) as database:
            database.execute("UPDATE settingsmodel SET value = 0 WHERE key = 'foreground'")
        database.close()
