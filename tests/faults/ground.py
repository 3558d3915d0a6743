"""Where delivery campaigns take place: a real server, a ledger, profiles that know the server by the address given."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.faults.checker import Store, Verdict, check
from tests.faults.ledger import Ledger, read
from tests.rigs.desk_server import DeskServer
from tests.rigs.processes import Processes

NO_LIMITS = ("--reports-per-hour", "1000000", "--enrolments-per-hour", "1000000")
_FAULTS_OF_OURS = re.compile(r"^(?:.* ERROR .*|Traceback .*|.*Exception.*)$", re.MULTILINE)


class Ground:
    """`with Ground(folder) as ground:` – `server`, `ledger`, `processes` that end with it.

    `arguments` are the server's; one client does here in a minute what many do in an hour.
    """

    def __init__(self, folder: Path, arguments: Sequence[str] = NO_LIMITS) -> None:
        self.folder = folder
        self.processes = Processes(folder)
        self.ledger = Ledger(folder / "ledger")
        self.server = DeskServer(folder, processes=self.processes, arguments=arguments)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._open.callback(self.ledger.close)
        self._open.enter_context(self.server)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def store(self) -> Store:
        return Store.of(self.server.data)

    def profile(self, name: str, url: str) -> Path:
        """A new profile, set up for the server behind `url`."""
        root = self.folder / name
        root.mkdir(mode=0o700)
        point(root, url, self.server.site_key)
        return root

    def worker(self, profile: Path, *options: str) -> list[str]:
        """The command that runs a client on `profile`."""
        ledger = ("--ledger", str(self.ledger.path))
        return [sys.executable, "-m", "tests.faults.worker", str(profile), *ledger, *options]

    def check(self, *profiles: Path, is_over: bool = True) -> Verdict:
        return check(read(self.ledger.path), self.store, profiles, is_over=is_over)

    def faults_of_the_server(self) -> list[str]:
        """What the server's log says of faults of its own."""
        return [f"server: {line}" for line in _FAULTS_OF_OURS.findall(self.server.log())]


def point(root: Path, url: str, site_key: str) -> None:
    """Set a profile up for the server behind `url`."""
    settings = root / "deskbell.json"
    settings.write_text(json.dumps({"server": url, "site_key": site_key, "proxy": "none"}))
    settings.chmod(0o600)


def age(profile: Path, seconds: float = 8 * 24 * 3600.0) -> None:
    """Make everything in a profile so much older: what killed processes left is tidied up in days, not at once."""
    for path in profile.rglob("*"):
        found = path.lstat()
        moment = (found.st_atime_ns - int(seconds * 1e9), found.st_mtime_ns - int(seconds * 1e9))
        os.utime(path, ns=moment, follow_symlinks=False)
