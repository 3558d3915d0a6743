"""Trials of one report each: a fresh profile, a fault in the client's way, the next start of the program, a verdict."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from client.core.manifest import digest
from tests.faults import checker, ledger
from tests.faults.one_report import Heard, Job, Nursery
from tests.faults.strace import EVERYTHING, Call, Fault, attached, recording
from tests.rigs.desk_server import DeskServer
from tests.rigs.processes import Processes

REPORTS_PER_SERVER = 100  # the verdict looks at all that a server has
GATES = ("main", "http")  # the client's threads: the second speaks to the server


@dataclass(frozen=True, slots=True)
class Trial:
    """One report on its way. `status` is how its client ended: 0, less than that by a signal, None where it hung."""

    profile: Path
    text: str
    trace: Path
    status: int | None
    heard: list[Heard] = field(repr=False)

    @property
    def calls(self) -> list[Call]:
        return recording(self.trace)

    def told(self, what: str) -> list[str]:
        return [each.value for each in self.heard if each.what == what]


class Trials:
    """`with Trials(folder, seed) as trials`: a real server, a warm client, and two files to attach."""

    def __init__(self, folder: Path, seed: int) -> None:
        chance = random.Random(seed)
        self._folder = folder
        self._open = ExitStack()
        self._serial = 0
        self._files = tuple(folder / name for name in ("notes.txt", "trace.bin"))
        for path, size in zip(self._files, (700, 9000), strict=True):
            path.write_bytes(chance.randbytes(size))
        self._approved = tuple(sorted(digest(path.read_bytes()) for path in self._files))

    def __enter__(self) -> Self:
        self._nursery = self._open.enter_context(Nursery(self._folder))
        self._new_server()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def profile(self) -> Path:
        """That of an employee who never reported anything; the program is set up."""
        self._serial += 1
        if self._serial % REPORTS_PER_SERVER == 0:
            self._new_server()
        folder = self._folder / f"profile-{self._serial}"
        folder.mkdir(mode=0o700)
        settings = {"server": self.server.url, "site_key": self.server.site_key}
        (folder / "deskbell.json").write_text(json.dumps(settings))
        return folder

    def file(
        self,
        profile: Path,
        gate: str = "main",
        faults: Sequence[Fault] = (),
        traced: str = EVERYTHING,
        text_bytes: int = 256,
    ) -> Trial:
        """A report, with faults in the thread that `gate` names, "" for none. They are gone at the second Send."""
        trace, text = profile.with_suffix(".trace"), f"The printer jams ({profile.name})"
        heard: list[Heard] = []
        with ExitStack() as tracer:

            def hear(what: Heard) -> None:
                heard.append(what)
                if (what.what, what.value) == ("gate", gate):
                    tracer.enter_context(
                        attached(what.thread, trace, faults=faults, traced=traced, text_bytes=text_bytes)
                    )
                elif what.what == "gate":
                    tracer.close()
                elif what.what == "begun":
                    self._ledger.begun(what.value)
                elif what.what == "saved":
                    path = profile / "spool" / "outbox" / what.value / "manifest.json"
                    manifest = path.read_bytes() if path.exists() else b"said to be saved, and not there"
                    self._ledger.saved(what.value, text=text, blobs=self._approved, manifest_sha256=digest(manifest))

            status = self._nursery.run(Job("report", str(profile), text, tuple(map(str, self._files)), gate), hear)
        return Trial(profile, text, trace, status, heard)

    def recover(self, trial: Trial) -> list[str]:
        """The next day's start, with nothing in its way; then what is wrong with what came of the report."""
        had_words = any(path.name in ("draft.json", "manifest.json") for path in trial.profile.glob("spool/*/*/*"))
        yesterday = time.time() - 24 * 3600
        for path in trial.profile.rglob("*"):
            os.utime(path, (yesterday, yesterday))
        heard: list[Heard] = []
        status = self._nursery.run(Job("recover", str(trial.profile)), heard.append)
        found = [] if status == 0 else [f"the next start ended with {status}"]
        found += [f"{each.what}: {each.value}" for each in heard if each.what in ("crash", "waiting")]
        found += [
            f"a draft came back altered: {each.value!r}"
            for each in heard
            if each.what == "draft" and each.value not in ("", trial.text)
        ]
        store = checker.Store.of(self.server.data)
        tickets = [each for each in checker.read_tickets(store) if each.report_id in trial.told("begun")]
        if had_words and not tickets and "draft" not in [each.what for each in heard]:
            found.append("the words were on disk, and are neither a ticket nor a draft")
        return found + self._verdict(trial, store, tickets)

    def _verdict(self, trial: Trial, store: checker.Store, tickets: list[checker.Ticket]) -> list[str]:
        try:
            verdict = checker.check(ledger.read(self._ledger.path), store, [trial.profile])
        except ValueError as error:
            return [f"damaged beyond reading: {error}"]
        found = [each for each in verdict.findings if each not in self._known]
        self._known.update(found)
        for ticket in tickets:  # what was saved and never shown as such is whole, too
            is_whole = ticket.blobs == self._approved and ticket.received == {*self._approved}
            found += [] if is_whole and ticket.body["text"] == trial.text else ["a ticket that is not whole"]
        identity, secrets = trial.profile / "identity.json", trial.profile / "secrets"
        device = identity.read_text() if identity.exists() else ""
        strangers = [path for path in secrets.iterdir() if path.stem not in device] if secrets.exists() else []
        return found + [f"left over: {path.name}, the secret of no device" for path in strangers]

    def _new_server(self) -> None:
        folder = self._folder / f"server-{self._serial}"
        folder.mkdir()
        self.server = self._open.enter_context(DeskServer(folder, processes=Processes(folder)))
        self._ledger = ledger.Ledger(folder / "ledger")
        self._open.callback(self._ledger.close)
        self._known: set[str] = set()
