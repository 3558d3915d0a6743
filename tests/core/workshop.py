"""The core, put together for a test: real spool on a real disk, a lane that runs what is due when time is moved on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from client.core import faults
from client.core.desk import Desk
from client.core.draft import Draft
from client.core.engine import Engine
from client.core.errors import SignInNeeded
from client.core.events import Event
from client.core.inbox import Inbox
from client.core.lane import Inline, Job
from client.core.models import Display, Encoded, OperationKind, Requester, Shot
from client.core.outbox import Outbox
from client.core.spool import Spool
from client.core.surroundings import Surroundings
from client.core.tickets.following import Following

E = TypeVar("E")
TAKEN_AT = datetime(2026, 11, 23, 9, 41, 7, tzinfo=UTC)


@dataclass
class Clockwork:
    """A lane and a monotonic clock in one: nothing runs before its time, and time passes only by `pass_by`."""

    now: float = 1000.0
    jobs: list[tuple[float, str | None, Job]] = field(default_factory=list)

    def put(self, job: Job, *, key: str | None = None, delay_s: float = 0.0) -> None:
        if key:
            self.drop(key)
        self.jobs.append((self.now + delay_s, key, job))

    def drop(self, key: str) -> None:
        self.jobs = [each for each in self.jobs if each[1] != key]

    def close(self, timeout_s: float = 0.0) -> None:
        self.jobs.clear()

    def run_due(self) -> None:
        while due := [each for each in self.jobs if each[0] <= self.now]:
            first = min(due, key=lambda each: each[0])
            self.jobs.remove(first)
            first[2]()

    def pass_by(self, seconds: float) -> None:
        """Let time pass, stopping at each moment when something is due."""
        end = self.now + seconds
        self.run_due()
        while self.jobs and min(each[0] for each in self.jobs) <= end:
            self.now = max(self.now, min(each[0] for each in self.jobs))
            self.run_due()
        self.now = end


def shot(number: int = 1, colour: bytes = b"\x10\x20\x30\xff", width: int = 4, height: int = 3) -> Shot:
    display = Display(f"DP-{number}", number, (number - 1) * width, 0, width, height)
    return Shot(display, TAKEN_AT, colour * (width * height))


def encode(one: Shot) -> Encoded:
    """Not a picture, but bytes that tell which pixels they came from."""
    assert one.pixels is not None
    return Encoded(b"encoded:" + bytes(one.pixels), "image/png", ".png")


class Workshop:
    """`engine`, `outbox`, `spool`, and every event that was told. Where it `listens`, call `close` in the end."""

    def __init__(self, profile: Path, desk: Desk | None, *, listens: bool = False) -> None:
        self.profile = profile
        self.listens = listens
        self.following: Following | None = None
        self.desk = desk
        self.clockwork = Clockwork()
        self.listening = Clockwork()  # with a time of its own: to wait for the desk takes it all
        self.events: list[Event] = []
        self.sign_ins = 0
        self.disk = Inline()
        self.encoders: list[Inline | Clockwork] = [Inline()]
        self.restart()

    def restart(self) -> None:
        """As after the end of the process: nothing is left but the disk."""
        self.close()
        self.spool = Spool(self.profile / "spool")
        self.clockwork = Clockwork(self.clockwork.now)
        self.outbox = Outbox(
            spool=self.spool,
            desk=self._desk,
            sign_in=self._sign_in,
            lane=self.clockwork,
            on_event=self._hear,
            clock=lambda: self.clockwork.now,
            chance=lambda: 0.5,
        )
        around = Surroundings(
            spool=self.spool,
            disk=self.disk,
            collecting=self.disk,
            encoders=self.encoders,
            encode=encode,
            requester=lambda: Requester("Anna Kern", "anna", "LAP-4F2"),
            on_event=self.events.append,
            on_saved=self.outbox.look,
            client="deskbell test",
        )
        inbox = Inbox(
            cache=self.profile / "cache",
            desk=self._desk,
            sign_in=self._sign_in,
            lane=self.clockwork,
            on_event=self._hear,
        )
        self.listening = Clockwork(self.listening.now)
        self.following = Following(
            spool=self.spool,
            cache=self.profile / "cache",
            told=self.profile / "told.json",
            desk=self._desk,
            sign_in=self._sign_in,
            lane=self.listening if self.listens else None,
            reading=self.clockwork,
            on_event=self.events.append,
            desk_info=inbox.info,
            refresh_desk=inbox.refresh,
            clock=lambda: self.listening.now,
            chance=lambda: 0.5,
        )
        self.engine = Engine(
            spool=self.spool,
            outbox=self.outbox,
            inbox=inbox,
            following=self.following,
            around=around,
            lanes=(self.clockwork, self.listening),
        )

    def close(self) -> None:
        if self.following:
            self.following.close()

    def report(self, text: str = "printer jams", *shots: Shot) -> Draft:
        """A draft with these pictures, sent; not delivered before time passes."""
        draft = self.engine.begin_new("panel")
        draft.set_words(text, None, False)
        draft.add_shots(shots)
        draft.submit()
        return draft

    def do(self, report_id: str, kind: OperationKind = OperationKind.COMMENT, **words: Any) -> str:
        """An operation, saved; not delivered before time passes. Its id."""
        return self.engine.operations.do(report_id, kind, **words)

    def deliver(self, seconds: float = 0.0) -> None:
        self.outbox.look()
        self.clockwork.pass_by(seconds)

    def told(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def places(self) -> dict[str, str]:
        """Where each report lies: {report_id: "outbox"}."""
        found = {}
        for place in ("drafts", "outbox", "attention", "sent", "quarantine"):
            folder = self.profile / "spool" / place
            for path in folder.iterdir() if folder.exists() else ():
                found[path.name] = place
        return found

    def listen(self, rounds: int = 1) -> list[float]:
        """Ask the desk so many times what changed; the seconds that passed before each."""
        pauses = []
        for _ in range(rounds):
            (job,) = (each for each in self.listening.jobs if each[1] == "tickets.feed")
            pauses.append(max(0.0, job[0] - self.listening.now))
            self.listening.now = max(self.listening.now, job[0])
            self.listening.jobs.remove(job)
            job[2]()
        return pauses

    def pass_waiting(self, seconds: float) -> None:
        """The desk keeps an answer back."""
        self.listening.now += seconds

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        assert self.following
        self.following.hear(event)

    def _desk(self) -> Desk:
        if self.desk is None:
            raise SignInNeeded(faults.no_connection())
        return self.desk

    def _sign_in(self) -> None:
        self.sign_ins += 1
