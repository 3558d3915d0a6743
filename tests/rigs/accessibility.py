"""The accessibility bus of a session, and a screen reader on it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.rigs.session import Session
from tests.rigs.waiting import wait_until

LAUNCHER = Path("/usr/libexec/at-spi-bus-launcher")
SYSTEM_PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("screen_reader.py")
APP = "deskbell"


def is_installed() -> bool:
    """Whether this machine has the bus and the reader's library."""
    probe = [SYSTEM_PYTHON, "-c", "import pyatspi"]
    return LAUNCHER.exists() and subprocess.run(probe, capture_output=True, check=False, timeout=20).returncode == 0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a window as it is told to a screen reader."""

    depth: int
    role: str
    name: str
    description: str
    states: tuple[str, ...]
    actions: tuple[str, ...]


class ScreenReader:
    """Hears and does what a person with a screen reader does. Qt programs started after it speak to it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(self) -> None:
        """Start the bus."""
        session = self._session
        session.env |= {"QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}
        session.processes.start("at-spi", [LAUNCHER, "--launch-immediately"], session.env)
        wait_until(lambda: self._run("tree").returncode == 1 or None, "the accessibility bus")

    def tree(self) -> list[Part]:
        """What shows of our program's windows, from the outside in; empty where nothing does."""
        done = self._run("tree")
        if done.returncode:
            return []
        return [
            Part(
                each["depth"], each["role"], each["name"], each["description"],
                tuple(each["states"]), tuple(each["actions"]),
            )
            for each in json.loads(done.stdout)
        ]  # fmt: skip

    def wait_for(self, role: str, name: str) -> list[Part]:
        """The tree once it has that part."""

        def there() -> list[Part] | None:
            tree = self.tree()
            return tree if any((part.role, part.name) == (role, name) for part in tree) else None

        return wait_until(there, f"the {role} “{name}”") or []

    def type(self, name: str, text: str) -> None:
        """Put text into the entry of that name."""
        self._must("type", name, text)

    def press(self, role: str, name: str) -> None:
        """Do what a click does."""
        self._must("press", role, name)

    def _must(self, *arguments: str) -> None:
        done = self._run(*arguments)
        if done.returncode:
            raise AssertionError(f"{' '.join(arguments)}: {done.stderr or 'no such part'}")

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [SYSTEM_PYTHON, str(SCRIPT), APP, *arguments]
        return subprocess.run(command, env=self._session.env, capture_output=True, text=True, check=False, timeout=30)
