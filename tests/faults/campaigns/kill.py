"""M1: the client is killed at random moments, over a faulty network, against the real server."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.exchange import Exchange, Fault, Kind
from tests.faults.ground import Ground, age
from tests.faults.ledger import read
from tests.faults.proxy import FaultProxy

TRIALS_PER_PROFILE = 25
REPORTS = 3  # made by each client before it only delivers
SPEED = 400.0
PATIENCE_S = 60.0
# After the n-th line of this kind, the client is killed within so many seconds.
MOMENTS = (
    ("ready", 1, 0.08),
    ("begun", REPORTS, 0.02),
    ("saved", REPORTS, 0.03),
    ("accepted", REPORTS, 0.02),
    ("delivered", REPORTS, 0.01),
    ("waiting", 2, 0.03),
)
NETWORK = (*[Kind.NONE] * 3 * len(Kind), *Kind)


class Network:
    """A bad one: every fourth exchange has a fault. `is_good` makes it a good one."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(f"{seed}/network")
        self.is_good = False

    def choose(self, exchange: Exchange) -> Fault:
        if self.is_good:
            return Fault()
        kind = self._chance.choice(NETWORK)
        longest = exchange.request_bytes if "request" in kind or kind is Kind.HALF_CLOSED else 500
        if kind is Kind.SLICED and exchange.request_bytes > 20_000:
            kind = Kind.SLOW
        return Fault(kind, self._chance.randrange(longest + 1), pause_s=0.002)


@dataclass(slots=True)
class Client:
    """A client under way. `lines` is what it said."""

    process: subprocess.Popen[bytes]
    told: int
    lines: list[str] = field(default_factory=list)
    rest: bytes = b""
    is_over: bool = False

    def listen(self, within_s: float) -> bool:
        """Hear what it says next; False where it says nothing within that time."""
        if not select.select([self.told], [], [], within_s)[0]:
            return False
        data = os.read(self.told, 65536)
        self.is_over = not data
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.lines += [line.decode() for line in lines]
        return True

    def said(self, word: str) -> int:
        return sum(line.split(" ", 1)[0] == word for line in self.lines)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        self.kill()
        os.close(self.told)


class Killing:
    """The trials. Each leaves its profile to the next one, until everything is delivered and looked at."""

    def __init__(self, plan: Plan, ground: Ground, proxy: FaultProxy, network: Network) -> None:
        self._plan = plan
        self._ground = ground
        self._proxy = proxy
        self._network = network
        self._chance = random.Random(plan.seed)
        self._open = ExitStack()
        self.findings: list[str] = []
        self.ended: Counter[str] = Counter()

    def run(self) -> None:
        for first in range(0, self._plan.trials, TRIALS_PER_PROFILE):
            profile = self._ground.profile(f"profile-{first}", self._proxy.url)
            self._network.is_good = False
            for number in range(first, min(first + TRIALS_PER_PROFILE, self._plan.trials)):
                self._trial(profile, number)
            self._network.is_good = True
            self._deliver_all(profile, f"trials {first} to {number}")

    def _trial(self, profile: Path, number: int) -> None:
        """One client is killed at a moment of its own; every fourth time another one works beside it."""
        beside = number % 4 == 3
        with ExitStack() as clients:
            first, *others = [self._start(profile, number, index, clients) for index in range(1 + beside)]
            word, most, within_s = self._chance.choice(MOMENTS)
            times, delay_s = self._chance.randint(1, most), self._chance.uniform(0, within_s)
            while first.said(word) < times and not first.is_over and self._is_heard(first, number):
                pass
            while delay_s > 0 and not first.is_over and first.listen(delay_s):
                delay_s /= 2  # it went on talking: the moment is random all the same
            self.ended["done" if first.is_over else word] += 1
            first.kill()
            for other in others:
                while self._chance.random() < 0.8 and not other.is_over and self._is_heard(other, number):
                    pass
            for client in (first, *others):
                self.findings += [f"trial {number}: {line}" for line in client.lines if line.startswith("crash")]

    def _deliver_all(self, profile: Path, trials: str) -> None:
        """On a good network a last client delivers what waits; then everything is compared."""
        age(profile)
        with ExitStack() as clients:
            last = self._start(profile, -1, 0, clients)
            while not last.is_over and self._is_heard(last, -1):
                pass
            code = last.process.wait() if last.is_over else -1
            self.findings += [f"{trials}: {line}" for line in last.lines if line.split()[0] in ("crash", "parked")]
        if code:
            self.findings.append(f"{trials}: the last client ended with {code}")
        self.findings += [f"{trials}: {what}" for what in self._ground.check(profile).findings]

    def _start(self, profile: Path, number: int, index: int, clients: ExitStack) -> Client:
        """A client that makes reports of its own numbers, or one that only delivers where `number` is negative."""
        told, tells = os.pipe()
        command = self._ground.worker(profile, "--tell", str(tells), "--speed", str(SPEED))
        if number >= 0:
            numbers = str((number * 2 + index) * REPORTS)
            command += ["--seed", str(self._plan.seed), "--first", numbers, "--reports", str(REPORTS), "--moody"]
        process = self._ground.processes.start("clients", command, os.environ, pass_fds=[tells])
        os.close(tells)
        client = Client(process, told)
        clients.callback(client.close)
        return client

    def _is_heard(self, client: Client, number: int) -> bool:
        """Listen; a client that says nothing for a minute hangs, which is a finding."""
        if client.listen(PATIENCE_S):
            return True
        self.findings.append(f"trial {number}: nothing was heard for {PATIENCE_S:.0f} s after {client.lines[-3:]}")
        return False


def run(plan: Plan) -> Result:
    network = Network(plan.seed)
    with Ground(plan.folder) as ground, FaultProxy(ground.server.url, network.choose) as proxy:
        killing = Killing(plan, ground, proxy, network)
        killing.run()
        findings = (*killing.findings, *ground.faults_of_the_server())
        kept = read(ground.ledger.path)
    faulty = sum(exchange.fault.kind is not Kind.NONE for exchange in proxy.exchanges)
    figures = {
        "shown as saved": len(kept.saved),
        "requests": len(proxy.exchanges),
        "of them faulty": faulty,
        **{f"killed after {word}": count for word, count in sorted(killing.ended.items())},
    }
    return Result(plan.trials, max(0, plan.trials - len(findings)), findings, figures)


CAMPAIGN = Campaign(
    "kill",
    "A client killed at any moment, over a faulty network, loses, doubles and damages no saved report",
    short=30,
    full=1000,
    run=run,
)
