"""The feed: what changed, once and in order, at once or as soon as it does; nothing of others, and nothing lost."""

from __future__ import annotations

import random
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import update

from server_stub.bell import MOST_PER_DEVICE
from server_stub.life import Act
from server_stub.store.journal import Journal
from server_stub.store.tables import counters
from tests.rigs.waiting import wait_until
from tests.server.desk import Desk, comment, desk, operation, send
from tests.server.rig import Device, FakeClock, Process, Server, command, manifest, stored

pytestmark = pytest.mark.both


@pytest.fixture
def people(data: Path, clock: FakeClock) -> Iterator[Desk]:
    """The desk, in another process than the server as far as that can know."""
    with desk(data, clock) as people:
        yield people


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    """Where requests wait."""
    with ThreadPoolExecutor(16) as pool:
        yield pool


def filed(device: Device, **changes: Any) -> str:
    report = manifest(**changes)
    assert device.submit(report).status_code == 201
    return str(report["report_id"])


def changes(device: Device, cursor: str = "", wait: int = 0, **headers: str) -> requests.Response:
    address = f"{device.server.url}/api/v1/changes"
    parameters: dict[str, str | int] = {"cursor": cursor, "wait": wait}
    return requests.get(address, parameters, headers={**device.headers, **headers}, timeout=70)


def ids(answer: requests.Response) -> list[str]:
    return [ticket["id"] for ticket in answer.json()["tickets"]]


def waiting(aside: ThreadPoolExecutor, device: Device, cursor: str, wait: int = 30) -> Future[requests.Response]:
    """A request that has begun to wait."""
    before = connections(device.server)
    future = aside.submit(changes, device, cursor, wait)
    wait_until(lambda: future.done() or connections(device.server) > before, "the request to be under way", 10)
    return future


def connections(server: Server) -> int:
    """How many connections there are to a server."""
    port = f":{urlsplit(server.url).port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()
    return sum(line.split()[1].endswith(port) and line.split()[3] == "01" for line in lines[1:])


def test_the_first_time_everything_is_told_and_then_nothing(device: Device) -> None:
    tickets = [filed(device) for _ in range(3)]
    first = changes(device)
    assert ids(first) == tickets
    assert (first.json()["more"], first.json()["reset"]) == (False, True)
    assert first.json()["tickets"][0] == device.read(tickets[0]).json()
    cursor = first.json()["cursor"]
    nothing = changes(device, cursor)
    assert (nothing.status_code, nothing.content) == (304, b"")
    assert nothing.headers["ETag"] == first.headers["ETag"] == f'"{cursor}"'


def test_a_known_etag_is_answered_with_304_also_without_a_cursor(device: Device) -> None:
    filed(device)
    etag = changes(device).headers["ETag"]
    assert changes(device, **{"If-None-Match": etag}).status_code == 304


def test_a_device_without_tickets_is_told_so(device: Device) -> None:
    answer = changes(device)
    assert (answer.status_code, answer.json()["tickets"], answer.json()["reset"]) == (200, [], True)
    assert changes(device, answer.json()["cursor"]).status_code == 304


def test_what_changed_is_told_the_oldest_change_first(device: Device) -> None:
    one, two, three = (filed(device) for _ in range(3))
    cursor = changes(device).json()["cursor"]
    for ticket in (three, one, three):
        send(device, comment(ticket))
    answer = changes(device, cursor)
    assert ids(answer) == [one, three]
    assert answer.json()["reset"] is False
    assert two not in answer.text


def test_many_are_told_in_pages(device: Device) -> None:
    tickets = [filed(device) for _ in range(51)]
    first = changes(device)
    assert (ids(first), first.json()["more"]) == (tickets[:50], True)
    second = changes(device, first.json()["cursor"])
    assert (ids(second), second.json()["more"], second.json()["reset"]) == (tickets[50:], False, False)


def test_pages_are_not_long_beyond_measure(device: Device) -> None:
    tickets = [filed(device, text="ü" * 20_000) for _ in range(30)]
    first = changes(device)
    assert first.json()["more"] is True
    assert len(first.content) < 1.1 * 1024 * 1024
    second = changes(device, first.json()["cursor"])
    assert ids(first) + ids(second) == tickets


@pytest.mark.parametrize("cursor", ["x", "1-1", "0-0", "ffffffff-ffffffff"])
def test_a_cursor_that_is_not_from_here_begins_anew(device: Device, cursor: str) -> None:
    ticket = filed(device)
    answer = changes(device, cursor)
    assert (ids(answer), answer.json()["reset"]) == ([ticket], True)


def test_a_cursor_from_before_a_backup_was_restored_begins_anew(device: Device) -> None:
    ticket = filed(device)
    cursor = changes(device).json()["cursor"]
    with stored(device.server.data) as database, database.write() as connection:
        connection.execute(update(counters).where(counters.c.name == "changed").values(value=counters.c.value - 1))
    answer = changes(device, cursor)
    assert (ids(answer), answer.json()["reset"]) == ([ticket], True)


def test_after_init_as_a_restore_asks_for_it_every_cursor_begins_anew(device: Device) -> None:
    ticket = filed(device)
    cursor = changes(device).json()["cursor"]
    assert command("init", "--data", str(device.server.data)).returncode == 0
    answer = changes(device, cursor)
    assert (ids(answer), answer.json()["reset"]) == ([ticket], True)


def test_who_waits_is_told_what_the_device_itself_does_elsewhere(device: Device, aside: ThreadPoolExecutor) -> None:
    ticket = filed(device)
    cursor = changes(device).json()["cursor"]
    future = waiting(aside, device, cursor)
    send(device, comment(ticket))
    answer = future.result(10)
    assert ids(answer) == [ticket]
    assert answer.json()["tickets"][0]["comments"][0]["author"]["is_me"] is True


def test_who_waits_is_told_what_another_process_does(device: Device, people: Desk, aside: ThreadPoolExecutor) -> None:
    ticket = filed(device)
    future = waiting(aside, device, changes(device).json()["cursor"])
    people.say(ticket, Act.REPLY, "Please restart it")
    answer = future.result(10)
    assert ids(answer) == [ticket]
    assert answer.json()["tickets"][0]["comments"][0]["text"] == "Please restart it"


def test_what_was_there_before_is_not_waited_for(device: Device) -> None:
    filed(device)
    begun = time.monotonic()
    assert changes(device, "", 30).status_code == 200
    assert time.monotonic() - begun < 10


def test_who_waits_is_not_told_of_other_devices_and_of_notes_among_agents(
    device: Device, server: Server, people: Desk, aside: ThreadPoolExecutor
) -> None:
    ticket, stranger = filed(device), server.device()
    cursor = changes(device).json()["cursor"]
    future = waiting(aside, device, cursor, 3)
    foreign = filed(stranger)
    send(stranger, comment(foreign))
    people.say(foreign, Act.SOLVE)
    people.say(ticket, Act.NOTE)
    answer = future.result(10)
    assert (answer.status_code, answer.headers["ETag"]) == (304, f'"{cursor}"')
    assert foreign not in changes(device).text


def test_more_than_some_requests_of_a_device_do_not_wait(device: Device, aside: ThreadPoolExecutor) -> None:
    ticket = filed(device)
    cursor = changes(device).json()["cursor"]
    futures = [waiting(aside, device, cursor) for _ in range(MOST_PER_DEVICE + 2)]
    wait_until(lambda: sum(future.done() for future in futures) == 2, "two to be refused", 10)
    refused = [future.result() for future in futures if future.done()]
    assert {answer.json()["error"]["code"] for answer in refused} == {"too_many_waiting"}
    assert refused[0].headers["Retry-After"]
    assert changes(device, cursor).status_code == 304
    send(device, comment(ticket))
    answers = [future.result(10).status_code for future in futures]
    assert sorted(answers) == [200] * MOST_PER_DEVICE + [429] * 2


def test_strangers_take_no_place_of_a_device(device: Device, aside: ThreadPoolExecutor) -> None:
    filed(device)
    cursor = changes(device).json()["cursor"]
    thief = Device(device.server, device.id)
    refused = [aside.submit(changes, thief, cursor, 30) for _ in range(10)]
    assert changes(device, cursor, 1).status_code == 304
    assert {future.result(10).status_code for future in refused} == {401}


def test_who_goes_away_takes_no_place(device: Device) -> None:
    filed(device)
    cursor = changes(device).json()["cursor"]
    address = urlsplit(device.server.url)
    for _ in range(3):
        gone = []
        for _ in range(MOST_PER_DEVICE):
            gone.append(socket.create_connection((address.hostname, address.port), 10))
            gone[-1].sendall(
                f"GET /api/v1/changes?cursor={cursor}&wait=50 HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: {device.headers['Authorization']}\r\n\r\n".encode()
            )
        for each in gone:
            each.close()
    wait_until(lambda: changes(device, cursor, 1).status_code == 304, "a place to be free", 10)


def test_a_device_that_is_shut_out_meanwhile_is_told_nothing_more(
    device: Device, people: Desk, aside: ThreadPoolExecutor
) -> None:
    from server_stub.store.clock import utc_now
    from server_stub.store.devices import Devices

    ticket = filed(device)
    future = waiting(aside, device, changes(device).json()["cursor"])
    with stored(device.server.data) as database:
        Devices(database, utc_now, 0).revoke(device.id)
    people.say(ticket, Act.REPLY)
    assert future.result(10).status_code == 403


@pytest.mark.parametrize("query", ["wait=-1", "wait=56", "wait=x", f"cursor={'x' * 65}"])
def test_a_strange_question_is_refused(device: Device, query: str) -> None:
    assert device.get(f"/api/v1/changes?{query}").status_code == 422


Start = Callable[[], Server]


@pytest.fixture
def start(data: Path, prepared: tuple[Path, str]) -> Iterator[Callable[[], tuple[Process, Server]]]:
    """Start a server process on the same database and the same folder."""
    with ExitStack() as stack:

        def another() -> tuple[Process, Server]:
            process = Process(data)
            stack.callback(process.stop)
            return process, Server(process.start(), prepared[1], data)

        yield another


def test_a_server_that_stops_answers_who_waits_at_once(
    start: Callable[[], tuple[Process, Server]], aside: ThreadPoolExecutor
) -> None:
    process, server = start()
    devices = [server.device() for _ in range(5)]
    futures = [waiting(aside, device, changes(device).json()["cursor"], 55) for device in devices]
    begun = time.monotonic()
    code, _, said = process.stop()
    assert (code, said) == (0, "")
    assert time.monotonic() - begun < 5
    assert {future.result(10).status_code for future in futures} == {304}


def test_after_a_restart_it_goes_on_where_it_was(
    start: Callable[[], tuple[Process, Server]], aside: ThreadPoolExecutor
) -> None:
    process, server = start()
    device = server.device()
    ticket = filed(device)
    cursor = changes(device).json()["cursor"]
    process.kill()
    _, again = start()
    device = Device(again, device.id, device.secret)
    assert changes(device, cursor).status_code == 304
    future = waiting(aside, device, cursor)
    send(device, comment(ticket))
    assert ids(future.result(10)) == [ticket]


def test_two_processes_wake_each_others_waiters(
    start: Callable[[], tuple[Process, Server]], aside: ThreadPoolExecutor
) -> None:
    servers = [start()[1] for _ in range(2)]
    device = servers[0].device()
    ticket = filed(device)
    ways = [Device(server, device.id, device.secret) for server in servers]
    cursor = changes(device).json()["cursor"]
    for here, there in (ways, ways[::-1]):
        future = waiting(aside, here, cursor)
        send(there, comment(ticket))
        answer = future.result(10)
        assert ids(answer) == [ticket]
        cursor = answer.json()["cursor"]


def test_no_change_appears_behind_a_cursor_that_was_given(
    device: Device, data: Path, clock: FakeClock, aside: ThreadPoolExecutor
) -> None:
    """Numbers come in the order of commits: while one is given and not committed, nobody gets the next."""
    slow, quick = filed(device), filed(device)
    cursor = changes(device).json()["cursor"]

    def change(journal: Journal, ticket: str) -> int:
        with journal.entry() as entry:
            return entry.touch(ticket, device.id)

    with stored(data) as one, stored(data) as other:
        journals = [Journal(database, clock, ring=lambda _device_id: None) for database in (one, other)]
        with journals[0].entry() as entry:
            first = entry.touch(slow, device.id)
            future = aside.submit(change, journals[1], quick)
            with pytest.raises(TimeoutError):
                future.result(0.5)
            assert changes(device, cursor).status_code == 304
        assert future.result(10) > first
    assert ids(changes(device, cursor)) == [slow, quick]


@dataclass
class Follower:
    """A client that follows the feed and keeps what it is told."""

    ways: list[Device]
    chance: random.Random
    cursor: str = ""
    kept: dict[str, Any] = field(default_factory=dict)

    def follow(self, stop: threading.Event) -> None:
        while True:
            is_last = stop.is_set()
            answer = changes(self.chance.choice(self.ways), self.cursor, 0 if is_last else self.chance.choice((0, 1)))
            if answer.status_code == 200:
                told = answer.json()
                self.cursor = told["cursor"]
                self.kept.update({ticket["id"]: ticket for ticket in told["tickets"]})
            elif is_last:
                return


def test_nothing_is_lost_between_writers_and_readers(
    start: Callable[[], tuple[Process, Server]], data: Path, people: Desk
) -> None:
    """Writers at two processes and at a third; whoever follows the feed ends up with what the database holds."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    servers = [start()[1] for _ in range(2)]
    device = servers[0].device()
    ways = [Device(server, device.id, device.secret) for server in servers]
    tickets = [filed(device) for _ in range(6)]

    def write(turn: int) -> None:
        mine = random.Random(seed + turn)
        for _ in range(12):
            ticket, way = mine.choice(tickets), mine.choice(ways)
            what = mine.randrange(5)
            if what == 0:
                filed(way)
            elif what == 1:
                assert send(way, comment(ticket, str(uuid.uuid4()))).status_code == 201
            elif what == 2:
                kind = mine.choice(("solved", "reopen", "withdraw"))
                assert send(way, operation(ticket, kind)).status_code == 201
            else:
                people.say(ticket, mine.choice((Act.REPLY, Act.ASK, Act.SOLVE, Act.NOTE)), str(uuid.uuid4()))

    stop = threading.Event()
    followers = [Follower(ways, random.Random(chance.random())) for _ in range(3)]
    with ThreadPoolExecutor(9) as pool:
        following = [pool.submit(follower.follow, stop) for follower in followers]
        writing = [pool.submit(write, turn) for turn in range(6)]
        try:
            for future in writing:
                future.result(90)
        finally:
            stop.set()
        for future in following:
            future.result(30)
    everything = Follower(ways, chance)
    everything.follow(stop)
    assert len(everything.kept) >= 6
    for follower in followers:
        assert follower.kept == everything.kept
    for ticket, told in everything.kept.items():
        assert device.read(ticket).json() == told
