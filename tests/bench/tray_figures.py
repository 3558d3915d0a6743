"""What the tray program costs while nobody uses it, beside a bare tray script."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from jeepney import MatchRule, message_bus
from jeepney.io.blocking import open_dbus_connection

from tests.bench.measuring import Figure, figure, in_turn
from tests.rigs.deskbell import Client, Server
from tests.rigs.desktop import x_desktop
from tests.rigs.session import ROOT, Session
from tests.rigs.trays import TrayHost, status_notifier_items
from tests.rigs.waiting import wait_until

BARE = [str(ROOT / "tests/bench/bare_tray.py")]
IDLE_S = 30


def figures(quick: bool) -> Iterator[Figure]:
    """Start-up, memory and wake-ups, with a real StatusNotifier host."""
    with x_desktop(TrayHost.LXQT) as desktop:
        session = desktop.session
        session.env.pop("PYTHONDONTWRITEBYTECODE")
        server = Server(session)
        server.set_up()
        server.start()
        ours = [session.python, "-m", "client", "--profile", str(Client(session, server).profile)]
        bare = [session.python, *BARE]
        for program in (ours, bare):  # compiles, and reads everything once
            started(session, program)
        pairs = in_turn(lambda: started(session, ours)[0], lambda: started(session, bare)[0], 5 if quick else 21)
        yield figure("startup_ratio", pairs, "ms")
        pairs = in_turn(lambda: started(session, ours)[1], lambda: started(session, bare)[1], 3 if quick else 5)
        yield figure("idle_pss_ratio", pairs, "MiB")
        yield figure("idle_wakeups_extra", [_wake_ups(session, ours, bare)], "times")


def started(session: Session, program: Sequence[str]) -> tuple[float, float]:
    """Milliseconds from the start of the process to the host's word that the icon is there; MiB once it is idle."""
    process, took_ms = registered(session, program)
    until_idle(process.pid)
    mib = pss_mib(process.pid)
    stop(session, process)
    return took_ms, mib


def registered(
    session: Session, program: Sequence[str], variables: Mapping[str, str] = MappingProxyType({})
) -> tuple[subprocess.Popen[bytes], float]:
    """A program, once the host has its icon; milliseconds from the start of the process until then.

    `variables` are its own, on top of the session's environment. One that shows no icon in time is ended.
    """
    with open_dbus_connection(session.env["DBUS_SESSION_BUS_ADDRESS"]) as bus:
        rule = MatchRule(
            type="signal", interface="org.kde.StatusNotifierWatcher", member="StatusNotifierItemRegistered"
        )
        bus.send_and_get_reply(message_bus.AddMatch(rule))
        with bus.filter(rule) as told:
            began_s = time.perf_counter()
            process = _start(session, program, variables)
            try:
                bus.recv_until_filtered(told, timeout=20)
            except TimeoutError:
                session.processes.stop(process)
                raise
            return process, (time.perf_counter() - began_s) * 1000


def stop(session: Session, process: subprocess.Popen[bytes]) -> None:
    """End a program, and wait until its icon has gone."""
    session.processes.stop(process)
    wait_until(lambda: status_notifier_items(session) == [], "the icon to go")


def _start(
    session: Session, program: Sequence[str], variables: Mapping[str, str] = MappingProxyType({})
) -> subprocess.Popen[bytes]:
    env = session.env | {"PYTHONPATH": str(ROOT)} | dict(variables)
    return session.processes.start("measured", program, env)


def _wake_ups(session: Session, ours: list[str], bare: list[str]) -> tuple[float, float]:
    """Voluntary context switches of both in the same idle half minute."""
    processes = [_start(session, ours), _start(session, bare)]
    for process in processes:
        until_idle(process.pid, quiet_s=3)
    before = [switches(process.pid) for process in processes]
    time.sleep(IDLE_S)  # what is measured is that nothing happens in this time
    after = [switches(process.pid) for process in processes]
    for process in processes:
        session.processes.stop(process)
    value, floor = (end - start for start, end in zip(before, after, strict=True))
    return value, floor


def switches(pid: int) -> int:
    """Voluntary context switches of all threads since they began."""
    tasks = Path(f"/proc/{pid}/task").glob("*/status")
    lines = (line for task in tasks for line in task.read_text().splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


def pss_mib(pid: int) -> float:
    """Proportional set size: memory that is its own, and its share of what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def until_idle(pid: int, quiet_s: float = 1.0) -> None:
    """Waits until a process has used no processor time for a while."""
    state: list[float] = [-1.0, time.monotonic()]

    def idle() -> bool:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        if used != state[0]:
            state[:] = [used, time.monotonic()]
        return time.monotonic() - state[1] > quiet_s

    wait_until(idle, "the program to become idle", within_s=60)
