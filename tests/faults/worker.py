"""The real client core in a process of its own, which can be killed: `python -m tests.faults.worker PROFILE …`.

Makes reports (of a seed, so that anybody can say what they hold), notes in a ledger what it hears as saved, and
delivers until nothing waits any more. With `--reports 0` it only delivers. Time passes `--speed` times as fast for the
outbox.
SIGTERM ends it as a user quits the program. Says what happens, a line each, on its standard output or where `--tell`
says:

    ready · begun ID · saved ID · refused CODE · accepted ID · delivered ID · waiting CODE · parked ID CODE ·
    crash LANE ERROR · done

Exit codes: 0 nothing waits · 3 something needs attention · 1 a lane crashed.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from client import assembly
from client.core import events
from client.core.draft import Draft
from client.core.engine import Engine
from client.core.lane import Job, Jobs, OnCrash
from client.core.manifest import digest
from client.core.paths import paths
from client.core.settings import load
from tests.faults.cases import Case, case
from tests.faults.ledger import Ledger

DELIVERED, CRASHED, PARKED = 0, 1, 3
_LOOK_S = 0.1  # real seconds between looks at the spool, where nothing is heard: another process may have sent it


class Hurried:
    """A lane on which time passes faster."""

    def __init__(self, lane: Jobs, speed: float) -> None:
        self._lane = lane
        self._speed = speed

    def put(self, job: Job, *, key: str | None = None, delay_s: float = 0.0) -> None:
        self._lane.put(job, key=key, delay_s=delay_s / self._speed)

    def drop(self, key: str) -> None:
        self._lane.drop(key)

    def close(self, timeout_s: float = 0.0) -> None:
        self._lane.close(timeout_s)


def hurried(on_crash: OnCrash, speed: float) -> assembly.Lanes:
    """The lanes of the tray program, and time passes faster for what it sends and reads."""
    lanes = assembly.threaded(on_crash)
    return replace(lanes, outbox=Hurried(lanes.outbox, speed), inbox=Hurried(lanes.inbox, speed))


class Worker:
    """One client on one profile. `say` hears every line, `ledger` what was shown as saved.

    `lanes` makes its lanes, which go by `clock`.
    """

    def __init__(
        self,
        profile: Path,
        ledger: Ledger | None,
        say: Callable[[str], None],
        *,
        lanes: Callable[[OnCrash], assembly.Lanes],
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._say = say
        self._changed = threading.Event()
        self._decided: dict[str, threading.Event] = {}
        self._approved: dict[str, tuple[str, tuple[str, ...]]] = {}
        self.is_told_to_end = False
        self.has_crashed = False
        where = paths(profile)
        settings = load(where.machine_config, where.user_config)
        self.engine: Engine = assembly.assemble(where, settings, lanes(self._on_crash), self._on_event, clock=clock)

    def start(self) -> None:
        self.engine.start()
        self._say("ready")

    def end(self) -> None:
        """As a user quits the program; from any thread, or a signal's handler."""
        self.is_told_to_end = True
        self._changed.set()

    def make(self, one: Case, files: Path, *, restores: bool = False) -> str:
        """Make one report and press Send, as a panel does; its id, when it is saved or refused."""
        draft = self.engine.begin("panel") if restores else self.engine.begin_new("panel")
        self._begin(draft, one, files)
        decided = self._decided[draft.report_id] = threading.Event()
        pictures = [digest(assembly.encode(shot).data) for shot in one.shots]
        copies = [digest(data) for data in one.files.values()]
        earlier = [picture.sha256 for picture in draft.pictures if picture.is_earlier and picture.is_included]
        self._approved[draft.report_id] = (draft.text, (*pictures, *copies, *filter(None, earlier)))
        draft.submit()
        draft.submit()  # a double click
        decided.wait()
        return draft.report_id

    def begin_and_leave(self, one: Case, files: Path, *, puts_aside: bool = True) -> str:
        """Begin a report, then close the panel, or leave it open: nothing may be sent of it. Its id."""
        draft = self.engine.begin_new("panel")
        self._begin(draft, one, files)
        if puts_aside:
            draft.put_aside()
        return draft.report_id

    def deliver(self) -> None:
        """Come back when nothing waits, or when told to end."""
        while self.engine.spool.waiting() and not self.is_told_to_end:
            self._changed.wait(_LOOK_S)
            self._changed.clear()

    def close(self) -> int:
        """End; the exit code."""
        self.engine.close()
        if self.has_crashed:
            return CRASHED
        return PARKED if self.engine.spool.needing_attention() else DELIVERED

    def _begin(self, draft: Draft, one: Case, files: Path) -> None:
        if self._ledger:
            self._ledger.begun(draft.report_id)
        self._say(f"begun {draft.report_id}")
        draft.add_shots(one.shots)
        for name, data in one.files.items():
            path = files / f"{draft.report_id}-{name}"
            path.write_bytes(data)
            draft.add_file(path)
        draft.set_words(one.text, one.category, one.blocking)
        draft.gather(one.collectors)

    def _on_event(self, event: events.Event) -> None:
        match event:
            case events.Saved(report_id):
                self._note_saved(report_id)
                self._say(f"saved {report_id}")
                self._decided[report_id].set()
            case events.NotSaved(report_id, problem):
                self._say(f"refused {problem.code}")
                self._decided[report_id].set()
            case events.Accepted(report_id):
                self._say(f"accepted {report_id}")
            case events.Delivered(report_id):
                self._say(f"delivered {report_id}")
                self._changed.set()
            case events.Waiting(_, problem):
                self._say(f"waiting {problem.code}")
            case events.NeedsAttention(report_id, problem):
                self._say(f"parked {report_id} {problem.code}")
                self._changed.set()

    def _note_saved(self, report_id: str) -> None:
        text, blobs = self._approved[report_id]
        if self._ledger:
            manifest = self._saved_manifest(report_id)
            self._ledger.saved(report_id, text=text, blobs=blobs, manifest_sha256=digest(manifest))

    def _saved_manifest(self, report_id: str) -> bytes:
        spool = self.engine.spool
        for place in (spool.outbox, spool.sent, spool.attention) * 2:  # another process may be sending it by now
            try:
                return (place / report_id / "manifest.json").read_bytes()
            except FileNotFoundError:
                continue
        raise AssertionError(f"{report_id} was said to be saved and is nowhere")

    def _on_crash(self, lane: str, error: BaseException) -> None:
        self.has_crashed = True
        self._say(f"crash {lane} {error!r}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.worker", description=__doc__)
    parser.add_argument("profile", type=Path)
    parser.add_argument("--ledger", type=Path, help="where to note what was shown as saved")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first report")
    parser.add_argument("--reports", type=int, default=0, help="so many are made; 0: only deliver")
    parser.add_argument("--speed", type=float, default=40.0)
    parser.add_argument("--moody", action="store_true", help="some reports are left unsent, some taken up again")
    parser.add_argument("--files", type=Path, help="a folder outside the profile for attachments' originals")
    parser.add_argument("--tell", type=int, default=1, metavar="FD", help="where to say what happens")
    options = parser.parse_args(arguments)

    def say(line: str) -> None:
        os.write(options.tell, line.encode() + b"\n")  # one write: whole or not at all, whenever this process is killed

    ledger = Ledger(options.ledger) if options.ledger else None
    speed: float = options.speed
    worker = Worker(
        options.profile,
        ledger,
        say,
        lanes=lambda on_crash: hurried(on_crash, speed),
        clock=lambda: time.monotonic() * speed,
    )
    signal.signal(signal.SIGTERM, lambda *_: worker.end())
    files = options.files or options.profile.with_name(f"{options.profile.name}-files")
    files.mkdir(exist_ok=True)
    worker.start()
    for number in range(options.first, options.first + options.reports):
        if worker.is_told_to_end:
            break
        one = case(options.seed, number)
        if options.moody and number % 7 == 3:
            worker.begin_and_leave(one, files)
        else:
            worker.make(one, files, restores=options.moody and number % 7 in (4, 5))
    worker.deliver()
    code = worker.close()
    say("done")
    return code


if __name__ == "__main__":
    sys.exit(main())
