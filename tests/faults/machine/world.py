"""One desk, two profiles, as many processes as there are, and the time: what the rules of the machine act on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from unittest.mock import patch

from client import assembly
from client.core import draft as draft_module
from client.core import engine as engine_module
from client.core import spool as spool_module
from client.core.draft import Draft
from client.core.events import Delivered, Event, Saved
from client.core.http import Http
from client.core.manifest import digest
from tests.faults.machine.desk import Desk
from tests.faults.machine.model import Approval, Model, places
from tests.faults.machine.process import Process, Time
from tests.faults.machine.storage import Storage

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
PROFILES = ("anna", "ben")
HEAL_S = 3 * 3600.0  # longer than the longest that a server may ask for, and all waits after it


class World:
    """Everything of one campaign; `begin` makes it new for one run of the machine."""

    def __init__(self, folder: Path) -> None:
        self.time = Time()
        self.storage = Storage(self._run_others)
        self.server_ahead_s = 0.0
        self.client_ahead_s = 0.0
        self.desk = Desk(folder, self.server_clock, self._kill_running)
        self._folder = folder
        self._runs = 0
        self.processes: list[Process] = []
        self.model = Model()
        self.crashes: list[str] = []
        self.heard: list[str] = []
        self.shared_requests = 0  # so many requests from now the other processes run before and after each
        self.reports = 0
        self._expected: dict[tuple[Draft, int], str] = {}

    def begin(self) -> None:
        self._runs += 1
        self._last_id = 0
        self.time = Time()
        self.server_ahead_s = self.client_ahead_s = 0.0
        self.storage.heal()
        self.shared_requests = 0
        self.desk.begin()
        self.model = Model()
        self.crashes.clear()
        self.heard.clear()
        self.processes.clear()
        self.home = self._folder / f"run-{self._runs}"
        self.profiles = tuple(self.home / name for name in PROFILES)
        for profile in self.profiles:
            profile.mkdir(mode=0o700, parents=True)
            settings = {"server": self.desk.url, "site_key": self.desk.site_key, "proxy": "none"}
            (profile / "deskbell.json").write_text(json.dumps(settings))

    def end(self) -> None:
        for process in self.processes:
            process.die()
        self.processes.clear()
        self.reports += len(self.model.saved)
        self._expected.clear()
        shutil.rmtree(self.home)

    def start(self, profile: Path) -> Process:
        process = Process(profile, self.time, self.storage, self._hear, self.crashes)
        self.processes.append(process)
        return process

    def bury(self) -> None:
        """Forget the processes that have ended."""
        self.processes[:] = [each for each in self.processes if not each.is_dead]

    def pass_by(self, seconds: float) -> None:
        """Let time pass; whatever is due runs, in every process."""
        end = self.time.now + seconds
        while True:
            self.bury()
            due = [(job, process, lane) for process in self.processes for lane in process.lanes for job in lane.jobs]
            first = min(due, key=lambda each: each[0], default=None)
            if first is None or first[0].at > end:
                break
            self.time.now = max(self.time.now, first[0].at)
            first[1].run(first[2])
        self.time.now = end

    # what users do, and the model notes

    def expect(self, process: Process, add: Callable[[Draft], object], data: bytes) -> None:
        """Have a process add a picture or file to its draft; its bytes must be these."""
        draft = process.draft
        assert draft is not None
        known = {each.id for each in draft.pictures}
        process.act(lambda: add(draft))
        for picture in draft.pictures:
            if picture.id not in known:
                self._expected[draft, picture.id] = digest(data)

    def press(self, process: Process) -> None:
        """Send is about to be pressed: what the panel shows is approved."""
        draft = process.draft
        assert draft is not None
        blobs = frozenset(
            self._expected.get((draft, each.id), each.sha256 or "") for each in draft.pictures if each.is_included
        )
        self.model.pressed.setdefault(draft.report_id, []).append(Approval(draft.text.strip(), blobs))

    # what befalls processes, disks and the server

    def upgrade(self, client: str) -> None:
        """Another version takes the place of all that run."""
        profiles = [process.profile for process in self.processes]
        for process in self.processes:
            process.die()
        self.bury()
        assembly.CLIENT = client
        for profile in profiles:
            self.start(profile)

    def damage(self, which: int, file: int, place: str, how: str) -> bool:
        """Damage one file of a report that lies there, if there is one."""
        reports = [path for each in places(self.profiles).values() for path in each if path.parent.name == place]
        if not reports:
            return False
        report = sorted(reports)[which % len(reports)]
        files = sorted(path for path in report.iterdir() if path.is_file())
        if not files:
            return False
        path = files[file % len(files)]
        self.model.damaged.add(report.name[:36])
        data = bytearray(path.read_bytes())
        if how == "delete":
            path.unlink()
        elif how == "flip" and data:
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
        else:
            path.write_bytes(data[: len(data) // 2] if how == "cut" else b"")
        return True

    def lose(self, profile: Path, what: str) -> None:
        """Something that is no report is gone, or garbage."""
        if what == "cache":
            shutil.rmtree(profile / "cache", ignore_errors=True)
        elif what == "secret":
            for path in profile.glob("secrets/*"):
                path.unlink()
        elif what == "identity":
            (profile / "identity.json").unlink(missing_ok=True)
        else:
            (profile / "identity.json").write_bytes(b'{"device_id": 7')

    def put_stray(self, profile: Path, what: str, number: int) -> None:
        """Put something into the outbox that is no report."""
        outbox = profile / "spool" / "outbox"
        if not outbox.is_dir():
            return
        path = outbox / (f"00000000-0000-4000-8000-{number:012d}" if "uuid" in what else f"stray-{number}")
        if what == "link":
            path.symlink_to("/etc")
        elif "folder" in what:
            path.mkdir()
            self.model.damaged.add(path.name)
        else:
            path.write_bytes(b"something")

    def restore(self) -> None:
        """The server is as it was when it was backed up."""
        before = self.desk.filed()
        self.model.note(before)
        self.desk.restore()
        after = self.desk.filed()
        self.model.rolled_back |= {each for each, ticket in before.items() if after.get(each) != ticket}

    def undelivered(self) -> list[str]:
        """What is not where it belongs after everything has healed."""
        return list(self.model.undelivered(self.desk.filed(), self.profiles))

    def heal(self) -> None:
        """Nothing is in the way any more: disk, server, clocks, device; one process a profile, and time passes."""
        self.storage.heal()
        self.shared_requests = 0
        self.desk.harms.clear()
        self.desk.is_down = False
        self.server_ahead_s = self.client_ahead_s = 0.0
        self.desk.execute("UPDATE devices SET revoked_at = NULL")
        self.desk.execute("UPDATE sites SET withdrawn_at = NULL")
        for process in self.processes:
            process.die()
        self.bury()
        for profile in self.profiles:
            self.start(profile)
        self.pass_by(HEAL_S)
        for process in self.processes:
            process.act(process.engine.send_now)
        self.pass_by(HEAL_S)

    def wrong(self) -> list[str]:
        """Each promise that is broken now."""
        found = list(self.model.wrong(self.desk.filed(), self.profiles))
        found += [f"a lane crashed: {each}" for each in self.crashes]
        found += [f"somebody asked for {each}" for each in self.desk.strays]  # I10
        found += self.heard
        return found

    def server_clock(self) -> datetime:
        return NOON + timedelta(seconds=self.time.now + self.server_ahead_s)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """The seams to the operating system: its files, its wall clock."""
        world = self

        class WallClock(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return (NOON + timedelta(seconds=world.time.now + world.client_ahead_s)).astimezone(tz)

        class Seconds:
            @staticmethod
            def time() -> float:
                return datetime.now(UTC).timestamp() + world.client_ahead_s  # files have the true time

        with (
            self.storage.installed(),
            patch.object(assembly, "CLIENT", assembly.CLIENT),  # upgraded, and put back in the end
            patch.object(Http, "_send", self._others_during(Http._send)),
            patch.object(engine_module, "new_report_id", self._new_report_id),
            patch.object(draft_module, "datetime", WallClock),
            patch.object(spool_module, "time", Seconds),
        ):
            yield

    def _run_others(self) -> None:
        """In the middle of something that one process does, the others do what is due."""
        running = self.storage.running
        for process in [each for each in self.processes if not each.is_busy and not each.is_dead]:
            for lane in process.lanes:
                process.run(lane)
        self.storage.running = running

    def _others_during(self, send: Callable[..., object]) -> Callable[..., object]:
        def shared(*arguments: object, **named: object) -> object:
            is_shared = self.shared_requests > 0
            self.shared_requests -= is_shared
            if is_shared:
                self._run_others()
            answer = send(*arguments, **named)
            if is_shared:
                self._run_others()
            return answer

        return shared

    def _new_report_id(self) -> str:
        """Not chosen at random, so that the same steps do the same."""
        self._last_id += 1
        return f"{self._last_id:08x}-0000-4000-8000-000000000000"

    def _kill_running(self) -> None:
        if self.storage.running is not None:
            self.storage.running.is_dead = True

    def _hear(self, process: Process, event: Event) -> None:
        if isinstance(event, Saved):
            self.model.saved[event.report_id] = self.model.pressed[event.report_id][-1]
            if process.draft and process.draft.report_id == event.report_id:
                process.draft = None  # the panel shows what becomes of it
        if isinstance(event, Delivered) and event.report_id not in {*self.desk.filed(), *self.model.rolled_back}:
            self.heard.append(f"{event.report_id} was shown as delivered and is not at the server")
