"""Everything together: `python -m tests.faults.soaking.office MINUTES SEED FOLDER SIZE_MIB`, in mounts of its own.

A small disk for all profiles; a desktop with the tray program; three cores on two further profiles; two servers on one
data folder behind a balancer, so that one may be killed while the other's memory is watched. Writes FOLDER/soak.json.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.bench.office import office
from tests.faults.soaking.agent import Agent
from tests.faults.soaking.nemesis import Nemesis, Victims
from tests.faults.soaking.samples import Sample, look
from tests.faults.soaking.telling import Ledger, Tail
from tests.faults.soaking.user import User, until
from tests.faults.soaking.verdict import judge
from tests.faults.soaking.way import Way
from tests.faults.wall_clock import WallClock
from tests.rigs.desk_server import DeskServer
from tests.rigs.desktop import Desktop, x_desktop
from tests.rigs.processes import Processes
from tests.rigs.session import ROOT
from tests.rigs.waiting import wait_until

SIZE = (1280, 800)
USER_PACE_S, CORE_PACE_S, HARM_PACE_S, AGENT_PACE_S, LOOK_S = 6.0, 12.0, 7.0, 15.0, 5.0
HEAL_S = 400.0  # longer than the longest wait of an outbox between two tries
CORES = ("second", "second", "third")  # their profiles: two of them share one


@dataclass
class Core:
    """A program without windows that is killed again and again."""

    name: str
    profile: Path
    tail: Tail
    process: subprocess.Popen[bytes] | None = None
    has_enough: bool = False  # it makes no more reports


@dataclass
class Soak:
    """The parts of one run."""

    minutes: float
    chance: random.Random
    folder: Path
    disk: Path
    desktop: Desktop
    ledger: Ledger = field(default_factory=Ledger)
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.processes = self.desktop.session.processes
        self.clocks = {name: WallClock(self.folder, name) for name in ("tray", "second", "third", "server", "other")}
        self.servers = tuple(self._server(name) for name in ("server", "other"))
        self.way = Way(self._ports, self.chance)
        self.cores: list[Core] = []
        self.tray: subprocess.Popen[bytes] | None = None
        self._is_restarting = False  # the server that is killed

    async def run(self) -> dict[str, object]:
        """From an empty folder to what is to be told."""
        watched = self.servers[0]
        watched.set_up()
        for server in self.servers:
            server.start()
        await self.way.start()
        user = self._start_tray()
        for number, name in enumerate(CORES):
            self._start_core(number, name)
        began = time.monotonic()
        end = began + 60 * self.minutes
        nemesis = Nemesis(
            Victims(
                self.way, self.disk, tuple(self.clocks.values()), self._stoppable, self._kill_core, self._kill_other
            ),
            random.Random(self.chance.random()),
            began,
        )
        agent = Agent(watched.url)
        looking = asyncio.create_task(self._look(began))
        working = (user.work(end, USER_PACE_S), nemesis.work(end, HARM_PACE_S), agent.work(end, AGENT_PACE_S))
        broken = [each for each in await asyncio.gather(*working, return_exceptions=True) if each]
        if broken:
            self.desktop.picture(self.folder / "screen.png")
        emptied_s = await self._heal()
        looking.cancel()
        self.processes.stop(self.tray)  # type: ignore[arg-type]
        self._hear()
        verdict = judge(self.ledger, watched, self._profiles())
        faults = [line for server in self.servers for line in server.log().splitlines() if "fault in" in line]
        await self.way.close()
        return {
            "minutes": self.minutes,
            "saved": verdict.saved,
            "delivered": verdict.delivered,
            "findings": [
                *verdict.findings,
                *(f"at the server: {each}" for each in faults),
                *agent.findings,
                *map(repr, broken),
            ],
            "by the user": user.reports,
            "put aside": user.put_aside,
            "pages of the agent": agent.pages,
            "refused": self.ledger.refused,
            "harm": nemesis.counts(),
            "cuts": self.way.cuts,
            "outboxes empty after s": round(emptied_s, 1),
            "harms": [asdict(each) for each in nemesis.done],
            "samples": [asdict(each) for each in self.samples],
        }

    def _server(self, name: str) -> DeskServer:
        logs = self.folder / f"logs-{name}"
        logs.mkdir()
        return DeskServer(self.folder, processes=Processes(logs), env=os.environ | self.clocks[name].env)

    def _ports(self) -> list[int]:
        return [int(server.url.rsplit(":", 1)[1]) for server in self.servers]

    def _profile(self, name: str) -> Path:
        profile = self.disk / name
        if not profile.exists():
            profile.mkdir(mode=0o700)
            settings = {"server": f"http://127.0.0.1:{self.way.port}", "site_key": self.servers[0].site_key}
            (profile / "deskbell.json").write_text(json.dumps(settings))
        return profile

    def _profiles(self) -> list[Path]:
        return [self._profile(name) for name in dict.fromkeys(("tray", *CORES))]

    def _env(self, clock: str) -> Mapping[str, str]:
        return self.desktop.env | {"PYTHONPATH": str(ROOT), "DESKBELL_LANGUAGE": "en"} | self.clocks[clock].env

    def _start_tray(self) -> User:
        command = [sys.executable, "-m", "tests.faults.soaking.tray_client", str(self._profile("tray"))]
        self.tray = self.processes.start("tray", command, self._env("tray"))
        tail = Tail(self.processes.log("tray"), "tray", self.ledger)
        wait_until(lambda: [line for line in tail.lines() if line["told"] == "ready"], "the tray program")
        return User(self.desktop.pointer, self.desktop.tray_icon(), tail, self.chance)

    def _start_core(self, number: int, name: str) -> None:
        core = Core(
            name, self._profile(name), Tail(self.processes.log(f"core-{number}"), f"core {number}", self.ledger)
        )
        self.cores.append(core)
        self._run_core(number)

    def _run_core(self, number: int) -> None:
        core = self.cores[number]
        module = "tests.faults.soaking.core_client"
        command = [sys.executable, "-m", module, str(core.profile), str(self.folder), str(CORE_PACE_S)]
        core.process = self.processes.start(f"core-{number}", command, self._env(core.name))

    async def _kill_core(self, pause_s: float) -> None:
        number = self.chance.randrange(len(self.cores))
        process, self.cores[number].process = self.cores[number].process, None
        if process is None:
            return
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        await asyncio.sleep(pause_s)
        self._run_core(number)

    async def _kill_other(self, pause_s: float) -> None:
        other = self.servers[1]
        if self._is_restarting:
            return
        self._is_restarting = True
        other.kill()
        await asyncio.sleep(pause_s)
        await asyncio.to_thread(other.start)
        self._is_restarting = False

    def _stoppable(self) -> dict[str, int]:
        found = {f"core {n}": core.process.pid for n, core in enumerate(self.cores) if core.process}
        found |= {f"server {n}": server.pid for n, server in enumerate(self.servers) if server.pid}
        assert self.tray is not None
        return found | {"tray": self.tray.pid}

    async def _look(self, began: float) -> None:
        assert self.tray is not None
        watched = {"client": self.tray.pid, "server": self.servers[0].pid or 0}
        while True:
            for name, pid in watched.items():
                self.samples.append(await asyncio.to_thread(look, name, pid, time.monotonic() - began))
            self._hear()
            await asyncio.sleep(LOOK_S)

    def _hear(self) -> None:
        for core in self.cores:
            core.has_enough |= any(line["told"] == "enough" for line in core.tail.lines())

    async def _heal(self) -> float:
        """Let the cores end their reports; wait until nothing waits any more, and say how long that took."""
        began = time.monotonic()
        for core in self.cores:
            assert core.process is not None
            os.kill(core.process.pid, signal.SIGUSR1)

        def all_done() -> bool | None:
            self._hear()
            is_empty = not [each for profile in self._profiles() for each in profile.glob("spool/outbox/*")]
            return (is_empty and all(core.has_enough for core in self.cores)) or None

        with suppress(AssertionError):  # the verdict says what is left
            await until(all_done, "the outboxes to be empty", HEAL_S)
        return time.monotonic() - began


def main(minutes: str, seed: str, folder: str, size_mib: str) -> int:
    place = Path(folder)
    disk = place / "small"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mib}m,mode=700", "none", disk], check=True)
    with x_desktop(size=SIZE, images=[office(*SIZE)]) as desktop:
        soak = Soak(float(minutes), random.Random(int(seed)), place, disk, desktop)
        try:
            told = asyncio.run(soak.run())
        except BaseException:
            desktop.picture(place / "screen.png")
            (place / "tray.log").write_text(desktop.session.processes.log("tray").read_text())
            raise
        finally:
            for server in soak.servers:
                server.stop()
    (place / "soak.json").write_text(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
