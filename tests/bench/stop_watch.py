"""Programs with a stop-watch in them, started, clicked and read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from tests.bench.tray_figures import until_idle
from tests.rigs.deskbell import Client
from tests.rigs.processes import Processes
from tests.rigs.session import ROOT, Session
from tests.rigs.waiting import wait_until


class Run:
    """One running client with a stop-watch; `ms` has the last figures by name, `words` what it said else."""

    def __init__(self, processes: Processes, session: Session, name: str, program: Sequence[str]) -> None:
        self.pipe = session.folder / f"{name}.pipe"
        os.mkfifo(self.pipe)
        env = session.env | {"PYTHONPATH": str(ROOT)}
        self._processes, self._name = processes, name
        self._read = 0
        self.ms: dict[str, float] = {}
        self.words: dict[str, list[str]] = {}
        self.floor_ms = 0.0
        processes.log(name).unlink(missing_ok=True)
        self.process = processes.start(name, [session.python, *program, str(self.pipe)], env)

    def click(self, how: str = "now", pictures: int = 2) -> None:
        """Clicks the icon, so to say; the report is of so many pictures."""
        self.ms.clear()
        with self.pipe.open("w") as pipe:
            pipe.write(f"{how} {pictures}\n")

    def wait_for(self, word: str, within_s: float = 60) -> None:
        """Waits until the stop-watch has said that."""

        def said() -> bool:
            text = self._processes.log(self._name).read_text()
            lines, self._read = text[self._read :], text.rfind("\n") + 1
            for line in lines[: max(0, self._read - (len(text) - len(lines)))].splitlines():
                first, *rest = line.split() or [""]
                self.words[first] = rest
                with contextlib.suppress(ValueError, IndexError):
                    self.ms[first] = float(rest[0])
            return word in (self.ms if word not in ("ready", "modules") else self.words)

        try:
            wait_until(said, f"the stop-watch to say {word}", within_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._processes.log(self._name).read_text()[-2000:]}") from None

    def stop(self) -> None:
        """Ends the program."""
        self._processes.stop(self.process)
        self.pipe.unlink()


def probed_client(session: Session, client: Client) -> Run:
    """The tray program with its stop-watch, idle."""
    run = Run(session.processes, session, "client", ["-m", "tests.bench.probed_client", str(client.profile)])
    run.wait_for("ready")
    until_idle(run.process.pid)
    return run
