"""Started programs that end together, and of which nothing stays behind.

Every program gets a process group of its own, dies with the one that started it (PR_SET_PDEATHSIG, so that even a
killed test leaves nothing), and carries a mark in its environment by which its own children are found in the end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.rigs.waiting import wait_until

MARK = "DESKBELL_RIG"

# Sway and GNOME refuse to run as root. Nobody may read the checkout wherever it lies, even under /root.
_AS_NOBODY = (
    *("--reuid", "nobody", "--regid", "nogroup", "--clear-groups"),
    *("--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"),
)


class Processes:
    """Starts programs, in one folder of logs, and ends all of them and their children on `close()`.

    Start from the main thread only: the kernel counts the end of the starting thread as the parent's death.
    """

    def __init__(self, logs: Path, *, as_nobody: bool = False) -> None:
        self.mark = uuid.uuid4().hex
        self.as_nobody = as_nobody
        self._logs = logs
        self._started: list[subprocess.Popen[bytes]] = []

    def start(
        self, name: str, command: Sequence[str | Path], env: Mapping[str, str], *, pass_fds: Iterable[int] = ()
    ) -> subprocess.Popen[bytes]:
        """The started program; its output goes to `log(name)`."""
        drop = _AS_NOBODY if self.as_nobody and os.getuid() == 0 else ()
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *drop, *map(str, command)],
                env={**env, MARK: self.mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=tuple(pass_fds),
            )
        self._started.append(process)
        return process

    def log(self, name: str) -> Path:
        """Where a program's output goes."""
        return self._logs / f"{name}.log"

    def stop(self, process: subprocess.Popen[bytes], within_s: float = 5.0) -> int:
        """Asks one program to end, insists after ``within_s``, and returns its exit code."""
        self._signal(process, signal.SIGTERM)
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            self._signal(process, signal.SIGKILL)
            process.wait(within_s)
        if process in self._started:
            self._started.remove(process)
        return process.returncode

    def close(self) -> None:
        """Ends everything, the last started first, with whatever its programs started in turn."""
        for process in reversed(self._started.copy()):
            self.stop(process)
        for left in self.alive():
            with contextlib.suppress(psutil.NoSuchProcess):
                left.kill()
        wait_until(lambda: not self.alive(), "the last started programs to end")

    def alive(self) -> list[psutil.Process]:
        """What carries this rig's mark and runs."""
        return marked(self.mark)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    def _signal(process: subprocess.Popen[bytes], number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def marked(mark: str) -> list[psutil.Process]:
    """The running processes whose environment carries the rig's mark."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
