"""What the server can do: polls and tickets a second, and how that grows with clients and tickets."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median

import requests

from tests.bench.measuring import Figure, Table, figure, in_turn, milliseconds
from tests.bench.server_premises import Premises, polled

CLIENTS = 32
SIZES = (10, 100, 1_000, 10_000)


def figures(quick: bool) -> Iterator[Figure]:
    """Polls and tickets a second, each beside its floor."""
    with tempfile.TemporaryDirectory(prefix="deskbell-bench-") as folder, Premises(Path(folder)) as premises:
        bearers = premises.enrol(CLIENTS)
        etag, raw = premises.etag(premises.bearers[0]), premises.raw()
        seconds, pairs = (2, 3) if quick else (4, 7)  # wrk knows whole ones alone

        def polls(url: str) -> float:
            found = polled(url, bearers, etag, CLIENTS, seconds)
            assert found["wrong"] == 0, found
            return found["per_second"]

        polls(premises.server.url)  # the first round is asked of the database
        pairs_of_polls = in_turn(lambda: polls(premises.server.url), lambda: polls(raw), pairs)
        yield figure("poll_rate_ratio", pairs_of_polls, "1/s")

        def written() -> float:
            floor = Path(tempfile.mkdtemp(dir=folder))
            try:
                return premises.load("write", floor, seconds)["per_second"]
            finally:
                shutil.rmtree(floor)

        def created() -> float:
            return premises.load("create", premises.server.url, bearers, seconds)["per_second"]

        yield figure("create_rate_ratio", in_turn(created, written, pairs), "1/s")


def growth(quick: bool) -> Iterator[Table]:
    """By number of clients that poll, or come back at once, and of tickets that there are."""
    sizes, rounds = (SIZES[:3], 5) if quick else (SIZES, 15)
    with tempfile.TemporaryDirectory(prefix="deskbell-bench-") as folder, Premises(Path(folder)) as premises:
        polling: list[Mapping[str, float]] = []
        for count in sizes:
            rounds_s = 4 * count / polling[-1]["per_second"] if polling else 0.0
            polling.append(_polling(premises, count, max(2 if quick else 8, math.ceil(rounds_s))))
        yield Table("polling", polling)
        yield Table("returning", [_returning(premises, count) for count in sizes])
        yield Table("tickets", [_pages(premises, count, rounds) for count in sizes])


def _polling(premises: Premises, clients: int, seconds: int) -> Mapping[str, float]:
    """All of them ask again as soon as they are answered, long enough that each has been answered several times."""
    bearers = premises.enrol(clients)
    etag = premises.etag(premises.bearers[0])
    premises.load("return", premises.server.url, bearers, etag)  # the first round is asked of the database
    return {"clients": clients, **polled(premises.server.url, bearers, etag, clients, seconds)}


def _returning(premises: Premises, clients: int) -> Mapping[str, float]:
    bearers = premises.enrol(max(clients, len(premises.bearers)))
    some = premises.folder / f"returning-{clients}"
    some.write_text("\n".join(bearers.read_text().split()[:clients]))
    etag = premises.etag(premises.bearers[0])
    premises.server.stop()
    premises.server.start()  # as after an outage: it remembers nobody
    return {"clients": clients, **premises.load("return", premises.server.url, some, etag)}


def _pages(premises: Premises, count: int, rounds: int) -> Mapping[str, float]:
    one = premises.file_tickets(count)
    with premises.agent() as agent, requests.Session() as device:
        url, headers = premises.server.url, {"Authorization": f"Bearer {premises.bearers[0]}"}
        return {
            "tickets": count,
            "queue_ms": _ms(lambda: agent.get(f"{url}/console/", timeout=20), rounds),
            "own_ticket_ms": _ms(
                lambda: device.get(f"{url}/api/v1/tickets/{one}", headers=headers, timeout=20), rounds
            ),
        }


def _ms(ask: Callable[[], requests.Response], rounds: int) -> float:
    """The median of so many."""
    taken = []
    answers: list[requests.Response] = []
    for _ in range(rounds + 1):
        taken.append(milliseconds(lambda: answers.append(ask())))
    assert {each.status_code for each in answers} == {200}, answers
    return median(taken[1:])  # the first one connects
