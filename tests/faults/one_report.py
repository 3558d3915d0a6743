"""One report filed by the real client core in a process of its own, from the first claim to the receipt. No windows.

A warm process (`Nursery`) has everything imported and forks a client for each trial: a trial costs what the report
costs, and the client asks the same of the kernel each time. Before its work a client stops at a *gate*, where a tracer
can be attached to the thread in question, and goes on when it is told to.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from client import assembly
from client.core import events
from client.core.engine import Engine
from client.core.errors import DeskbellError
from client.core.paths import paths
from client.core.settings import load
from tests.rigs.processes import Processes

ROOT = Path(__file__).resolve().parents[2]
GO = signal.SIGUSR1
CRASHED = 70
WITHIN_S = 60.0
LOOK_S = 0.05  # a lane may have moved a report without telling anybody


@dataclass(frozen=True, slots=True)
class Job:
    """What a client does. `gate` is the thread that waits for its tracer: "main", or "http" at its first breath."""

    kind: str  # "report": file one; "recover": the next start of the program
    profile: str
    text: str = ""
    files: tuple[str, ...] = ()
    gate: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that a client did or showed its user, as it happens.

    "gate" NAME · "begun" ID · "saved" ID · "not saved" ID · "delivered" ID · "waiting" CODE · "draft" TEXT (one came
    back at the next start) · "crash" ERROR. The client waits at each gate, and when it has shown "saved".
    """

    what: str
    value: str
    thread: int


class Nursery:
    """`with Nursery(folder) as nursery`: clients one after another, each in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._processes = Processes(folder)
        ours, theirs = socket.socketpair()
        with theirs:
            env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
            command = [sys.executable, "-m", "tests.faults.one_report", str(theirs.fileno())]
            self._processes.start("nursery", command, env, pass_fds=[theirs.fileno()])
        ours.settimeout(WITHIN_S)
        self._socket = ours
        self._read = b""

    def run(self, job: Job, hear: Callable[[Heard], None]) -> int | None:
        """The exit status of a client (negative: the signal that ended it), None where it did nothing for a minute.

        A client that waits goes on when `hear` returns.
        """
        pid, is_hung = 0, False
        self._socket.sendall(json.dumps(asdict(job)).encode() + b"\n")
        while True:
            try:
                line = self._line()
            except TimeoutError:
                assert pid and not is_hung, "the nursery does not answer"
                os.kill(pid, signal.SIGKILL)
                is_hung = True
                continue
            pid = line["pid"]
            if "status" in line:
                return None if is_hung else int(line["status"])
            hear(Heard(line["what"], line["value"], line["thread"]))
            if line["waits"]:
                os.kill(pid, GO)

    def _line(self) -> dict[str, Any]:
        while b"\n" not in self._read:
            received = self._socket.recv(65536)
            assert received, "the nursery has ended"
            self._read += received
        line, _, self._read = self._read.partition(b"\n")
        return json.loads(line)  # type: ignore[no-any-return]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self._processes.close()


# in the warm process and its children


class _Client:
    """A forked client: the core as the command line puts it together, and what it shows."""

    def __init__(self, job: Job, control: socket.socket) -> None:
        self._job = job
        self._control = control
        self._where = paths(Path(job.profile))
        self._is_saved = False

    def run(self) -> int:
        """Do the job; the exit code."""
        try:
            return {"report": self._report, "recover": self._recover}[self._job.kind]()
        except Exception as error:
            self._say("crash", "".join(traceback.format_exception(error)[-3:]))
            return CRASHED

    def _report(self) -> int:
        if self._job.gate == "http":
            threading.setprofile(self._newborn)
        engine = self._engine(assembly.inline())
        if self._job.gate == "main":
            self._say("gate", "main", waits=True)
        draft = engine.begin_new("panel")
        self._say("begun", draft.report_id)
        draft.set_words(self._job.text, "printer", True)
        for path in map(Path, self._job.files):
            try:
                draft.add_file(path)
            except DeskbellError:
                self._say("gate", "again", waits=True)
                draft.add_file(path)
        draft.submit()
        if not self._is_saved:
            self._say("gate", "again", waits=True)
            draft.submit()
        return 0

    def _recover(self) -> int:
        """The next day: start, look at the drafts that come back and give them up, let the outbox empty itself."""
        lanes = assembly.threaded(lambda lane, error: self._say("crash", f"{lane}: {error!r}"))
        engine, tidied = self._engine(lanes), threading.Event()
        while True:
            draft = engine.begin("panel")
            draft.discard()
            if not draft.is_restored:
                break
            self._say("draft", draft.text)
        engine.start()
        lanes.outbox.put(tidied.set)
        tidied.wait(WITHIN_S / 2)
        deadline = time.monotonic() + WITHIN_S / 2
        while engine.spool.waiting() and time.monotonic() < deadline:
            self._changed.wait(LOOK_S)
            self._changed.clear()
        engine.close(5.0)
        return 1 if engine.spool.waiting() else 0

    def _engine(self, lanes: assembly.Lanes) -> Engine:
        self._changed = threading.Event()
        settings = load(self._where.machine_config, self._where.user_config)
        return assembly.assemble(self._where, settings, lanes, self._on_event)

    def _on_event(self, event: events.Event) -> None:
        match event:
            case events.Saved(report_id):
                self._is_saved = True
                self._say("saved", report_id, waits=True)
            case events.NotSaved(report_id):
                self._say("not saved", report_id)
            case events.Delivered(report_id):
                self._say("delivered", report_id)
                self._changed.set()
            case events.Waiting(_, problem) | events.NeedsAttention(_, problem):
                self._say("waiting", problem.code)
                self._changed.set()

    def _newborn(self, *_: object) -> None:
        """The first thing that each new thread does."""
        sys.setprofile(None)
        if threading.current_thread().name == "http":
            self._say("gate", "http", waits=True)

    def _say(self, what: str, value: str, *, waits: bool = False) -> None:
        line = {"pid": os.getpid(), "what": what, "value": value, "thread": threading.get_native_id(), "waits": waits}
        self._control.sendall(json.dumps(line).encode() + b"\n")  # one call: whole or not at all
        if waits:
            signal.sigwait({GO})


def _warm_up() -> None:
    """Import what a report needs, so that trials do not, and let any process of this user trace the children."""
    import ctypes
    import mimetypes

    import requests
    import truststore  # noqa: F401

    import client.core.account
    import client.core.draft
    import client.core.draft_file
    import client.core.http
    import client.desks.deskbell
    import client.system.identity
    import client.system.secrets  # noqa: F401

    mimetypes.init()
    assembly.requester()
    requests.Session().close()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(0x59616D61, -1)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY


def _serve(control: socket.socket) -> None:
    _warm_up()
    signal.pthread_sigmask(signal.SIG_BLOCK, {GO})
    for line in control.makefile("r"):
        body = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os._exit(_Client(Job(**body), control).run())
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        control.sendall(json.dumps({"pid": pid, "status": status}).encode() + b"\n")


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
