"""A desktop session of its own: home, folders, message bus and environment, shared with nobody."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rigs.processes import Processes
from tests.rigs.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]

# No service folders: nothing starts by itself, so a rig runs exactly what it names.
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>{kind}</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""


class Session:
    """A folder with home, runtime folder (0700) and logs, a session bus, and the environment that points there.

    ``env`` is what programs of this session are started with; a display rig adds to it. With ``as_nobody``, and when
    root runs the tests, the session belongs to the user nobody.
    """

    def __init__(self, *, as_nobody: bool = False) -> None:
        self._as_nobody = as_nobody
        self.folder = Path()
        self.processes = Processes(Path())
        self.env: dict[str, str] = {}

    def __enter__(self) -> Self:
        # Short, because the path of a socket may have 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="deskbell-rig-"))
        for name in ("home", "run", "logs", "tmp"):
            (self.folder / name).mkdir(mode=0o700)
        self.hand_over(self.folder)
        self.processes = Processes(self.folder / "logs", as_nobody=self._as_nobody)
        home = self.folder / "home"
        self.env = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "TMPDIR": str(self.folder / "tmp"),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local/share"),
            "XDG_STATE_HOME": str(home / ".local/state"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_AT_BRIDGE": "1",
        }
        try:
            self.env["DBUS_SESSION_BUS_ADDRESS"] = self.start_bus("session")
        except BaseException:
            self.close()
            raise
        return self

    def start_bus(self, kind: str) -> str:
        """Starts a message bus without services and returns its address."""
        socket = self.folder / "run" / f"{kind}-bus"
        config = self.folder / f"{kind}-bus.conf"
        config.write_text(_BUS.format(kind=kind, path=socket))
        command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"]
        self.processes.start(f"{kind}-bus", command, self.env)
        wait_until(socket.exists, f"the {kind} bus")
        return f"unix:path={socket}"

    def hand_over(self, path: Path) -> None:
        """Gives a file or folder, with all in it, to the user of this session."""
        if self._as_nobody and os.getuid() == 0:
            for each in (path, *path.rglob("*")):
                shutil.chown(each, "nobody", "nogroup")

    @property
    def python(self) -> str:
        """The interpreter that runs the tests."""
        return sys.executable

    def close(self) -> None:
        """Ends the session's programs and removes its folder."""
        self.processes.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
