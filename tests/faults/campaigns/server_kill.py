"""The server, or its PostgreSQL, is killed in the middle of fifty clients that submit, and comes back, and so on."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from server_stub.commands import DATABASE
from server_stub.store.postgres import address
from tests.faults.acknowledged import Heard, findings
from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.checker import Store
from tests.faults.ground import NO_LIMITS
from tests.rigs.desk_server import ROOT, DeskServer
from tests.rigs.postgres import PROGRAM, Postgres
from tests.rigs.processes import Processes
from tests.rigs.waiting import wait_until

CLIENTS = 50
MOST_RECEIPTS = 60  # between two kills, so that some fall into the first moments after a start and some later


@dataclass(frozen=True, slots=True)
class Place:
    """A server, where it keeps things, and the ways to end some of it and to start that again."""

    server: DeskServer
    store: Store
    ways: dict[str, Callable[[], None]]


def run(plan: Plan) -> Result:
    chance = random.Random(plan.seed)
    found: list[str] = []
    kills = {on_sqlite: plan.trials - plan.trials // 2, on_postgresql: plan.trials // 2}
    survived = receipts = tickets = 0
    for place_of, count in kills.items():
        folder = plan.folder / place_of.__name__
        folder.mkdir()
        with place_of(folder) as place:
            heard = _killed(place, folder, count, chance)
            wrong = [f"{place_of.__name__}: {each}" for each in findings(heard, place.store)]
            wrong += [f"{place_of.__name__}: {line}" for line in place.server.log().splitlines() if "fault in" in line]
        survived += 0 if wrong else count
        found += wrong
        receipts += len(heard.receipts)
        tickets += len({receipt["report_id"] for receipt in heard.receipts})
    return Result(plan.trials, survived, tuple(found), {"receipts": receipts, "tickets": tickets})


def _killed(place: Place, folder: Path, count: int, chance: random.Random) -> Heard:
    """Kill it so often while a crowd submits; then everybody may finish."""
    heard = Heard(folder / "ledger")
    with Processes(folder) as processes:
        seed = str(chance.getrandbits(30))
        crowd = (sys.executable, "-m", "tests.faults.crowd", place.server.site_key, heard.path, place.server.url)
        process = processes.start(
            "crowd",
            [*map(str, crowd), "--clients", str(CLIENTS), "--seed", seed],
            {**os.environ, "PYTHONPATH": str(ROOT)},
        )
        heard.wait_for(CLIENTS)
        for _ in range(count):
            heard.wait_for(chance.randint(1, MOST_RECEIPTS))
            place.ways[chance.choice(list(place.ways))]()
        process.terminate()
        wait_until(lambda: process.poll() is not None, "everybody to have delivered", 150)
        heard.look()
        assert heard.is_over, processes.log("crowd").read_text()[-2000:]
    return heard


@contextmanager
def on_sqlite(folder: Path) -> Iterator[Place]:
    """A server with all in one folder."""
    with DeskServer(folder, arguments=NO_LIMITS) as server:
        yield Place(server, Store.of(server.data), {"server": _in_turn(server.kill, server.start)})


@contextmanager
def on_postgresql(folder: Path) -> Iterator[Place]:
    """A server and a PostgreSQL; either is killed, or both."""
    with ExitStack() as stack:
        postgres = stack.enter_context(Postgres(folder))
        url = postgres.create("desk")
        server = DeskServer(folder, env={**os.environ, DATABASE: url}, arguments=NO_LIMITS)
        stack.enter_context(server)
        store = Store(address(url).render_as_string(hide_password=False), server.data)
        ways = {
            "server": _in_turn(server.kill, server.start),
            "database": _in_turn(postgres.kill, postgres.start),
            "database at once": _in_turn(postgres.crash, postgres.start),
            "both": _in_turn(postgres.kill, server.kill, postgres.start, server.start),
        }
        yield Place(server, store, {"server again": ways["server"], **ways})


def _in_turn(*acts: Callable[[], None]) -> Callable[[], None]:
    def act() -> None:
        for each in acts:
            each()

    return act


CAMPAIGN = Campaign(
    name="server-kill",
    promise="server or database killed while 50 clients submit: what was acknowledged is there, once, under its number",
    short=5,
    full=200,
    run=run,
    needs=(PROGRAM,),
)
