"""On PostgreSQL: it comes and goes, several processes share it, and its address is not told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select

from server_stub.store.database import Database
from server_stub.store.postgres import NotPostgres, address
from server_stub.store.schema import HEAD, upgrade, version
from server_stub.store.tables import devices, login_attempts, metadata, tickets
from tests.rigs.postgres import Postgres
from tests.rigs.waiting import wait_until
from tests.server.conftest import on
from tests.server.copies import Copies
from tests.server.rig import Agent, Device, Process, Server, attachment, command, manifest, png, stored

pytestmark = pytest.mark.on_postgresql
Start = Callable[..., Server]


@pytest.fixture
def postgres(copies: Copies | None) -> Postgres:
    """The PostgreSQL that everything here runs on."""
    assert copies is not None
    return copies.postgres


@pytest.fixture
def start(prepared: tuple[Path, str], data: Path) -> Iterator[Start]:
    """Start one more server process on the same database and the same folder."""
    with ExitStack() as stack:

        def another(*arguments: str) -> Server:
            process = Process(data, *arguments)
            stack.callback(process.stop)
            return Server(process.start(), prepared[1], data)

        yield another


def at(server: Server, device: Device) -> Device:
    """The same device at another process."""
    return Device(server, device.id, device.secret)


def test_nothing_of_the_database_is_in_the_data_folder(start: Start) -> None:
    server = start()
    server.device().submit(manifest())
    assert sorted(path.name for path in server.data.iterdir()) == ["blobs", "incoming", "links.key"]


def test_without_its_database_the_server_says_so_and_recovers_by_itself(start: Start, postgres: Postgres) -> None:
    server = start()
    device, person = server.device(), Agent(server)
    before, after = manifest(), manifest()
    assert device.submit(before).status_code == 201
    postgres.kill()
    try:
        for answer in (device.submit(after), device.get("/api/v1/desk"), device.read(before["report_id"])):
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
            assert int(answer.headers["Retry-After"]) >= 5
        assert server.get("/healthz").status_code == 503
        with person.session:
            assert person.log_in().status_code == 503
    finally:
        postgres.start()
    assert server.get("/healthz").status_code == 200
    assert device.submit(after).json()["ticket"]["number"] == 1002
    assert device.submit(before).json()["ticket"]["number"] == 1001


def test_connections_that_were_cut_meanwhile_are_replaced_before_a_request_meets_one(
    start: Start, postgres: Postgres
) -> None:
    device = start().device()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: device.submit(manifest()), range(16)))
    postgres.stop()
    postgres.start()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: device.submit(manifest()), range(16)))
    assert {answer.status_code for answer in answers} == {201}


def test_a_database_that_hangs_holds_up_nobody_for_ever(start: Start, postgres: Postgres) -> None:
    """A lock that is not given back: who waits for it is told to come again."""
    server = start()
    device = server.device()
    with stored(server.data) as database, database.write() as connection:
        database.lock(connection, f"reports of {device.id}")
        answer = device.submit(manifest())
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert device.submit(manifest()).status_code == 201


def test_two_that_bring_an_empty_database_up_to_date_at_once(postgres: Postgres) -> None:
    empty = address(postgres.create("empty"))
    databases = [Database(empty) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(upgrade, databases))
    for database in databases:
        with database.read() as connection:
            assert version(connection) == HEAD
            assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
        database.close()


def test_an_attachment_each_through_two_processes_at_once_and_one_receipt_is_complete(start: Start) -> None:
    one, other = start(), start()
    device = one.device()
    pictures = [png(colour=f"#0000{n:02x}") for n in range(16)]
    for pair in zip(pictures[::2], pictures[1::2], strict=True):
        report = manifest(attachments=[attachment(picture) for picture in pair])
        device.submit(report)
        together = threading.Barrier(2)

        def upload(
            way: tuple[Device, bytes], report_id: str = report["report_id"], gate: threading.Barrier = together
        ) -> list[str]:
            gate.wait(20)
            missing: list[str] = way[0].upload(report_id, way[1]).json()["missing"]
            return missing

        with ThreadPoolExecutor(2) as pool:
            receipts = list(pool.map(upload, zip((device, at(other, device)), pair, strict=True)))
        assert [] in receipts


def test_one_report_from_two_devices_through_two_processes_at_once(start: Start) -> None:
    servers = [start(), start()]
    for _ in range(10):
        report = manifest()
        ways = [at(server, each) for each in (servers[0].device(), servers[0].device()) for server in servers * 3]
        together = threading.Barrier(len(ways))
        with ThreadPoolExecutor(len(ways)) as pool:
            statuses = list(pool.map(submitting(report, together), ways))
        assert sorted(statuses) == [200] * (len(ways) - 1) + [201]


def submitting(report: dict[str, Any], together: threading.Barrier) -> Callable[[Device], int]:
    """Submit together with others; the status of the answer."""

    def submit(device: Device) -> int:
        together.wait(20)
        return device.submit(report).status_code

    return submit


def test_limits_hold_over_several_processes(start: Start) -> None:
    limits = ("--enrolments-per-hour", "10", "--reports-per-hour", "10")
    servers = [start(*limits) for _ in range(3)]
    with ThreadPoolExecutor(24) as pool:
        enrolled = list(pool.map(lambda n: Device(servers[n % 3]).enrol().status_code, range(24)))
        assert sorted(enrolled) == [201] * 10 + [429] * 14
        with stored(servers[0].data) as database, database.write() as connection:
            assert connection.execute(select(func.count()).select_from(devices)).scalar_one() == 10
            connection.execute(devices.delete())
        device = servers[0].device()
        ways = [at(server, device) for server in servers]
        reported = list(pool.map(lambda n: ways[n % 3].submit(manifest()).status_code, range(24)))
        assert sorted(reported) == [201] * 10 + [429] * 14
        people = [Agent(server) for server in servers]
        tried = list(pool.map(lambda n: people[n % 3].log_in(password="wrong").status_code, range(24)))
        assert sorted(tried) == [403] * 10 + [429] * 14
    with stored(servers[0].data) as database, database.read() as connection:
        assert connection.execute(select(func.count()).select_from(tickets)).scalar_one() == 10
        assert connection.execute(select(func.count()).select_from(login_attempts)).scalar_one() == 10


def test_one_device_enrols_through_three_processes_at_once(start: Start) -> None:
    servers = [start() for _ in range(3)]
    for _ in range(8):
        device, thief = Device(servers[0]), Device(servers[0])
        thief.id = device.id
        ways = [at(server, who) for server in servers for who in (device, thief)]
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda way: (way.secret, way.enrol().status_code), ways))
        assert sorted(status for _, status in answers) == [200, 200, 201, 409, 409, 409]
        assert len({secret for secret, status in answers if status != 409}) == 1


def test_what_another_process_changes_is_told_within_moments(start: Start) -> None:
    one, other = start(), start()
    device = one.device()
    revoked = [one.device() for _ in range(2)]
    ways = [at(server, each) for server in (one, other) for each in (device, *revoked)]
    assert [way.get("/api/v1/desk").status_code for way in ways] == [200] * 6
    folder = ("--data", str(one.data))
    command("set-site", "Example Ltd", "--phone", "42", *folder)
    for each in revoked:
        command("revoke-device", each.id, *folder)

    def is_told() -> bool:
        answers = [way.get("/api/v1/desk") for way in ways]
        phones = [answer.json()["phone"] for answer in answers[::3]]
        return phones == ["42", "42"] and [answer.status_code for answer in answers] == [200, 403, 403] * 2

    wait_until(is_told, "the changes to be told", 5)


@pytest.mark.parametrize("text", ["mysql://root@host/desk", "postgresql://", "deskbell.sqlite3", "postgresql://h:x/d"])
def test_what_is_no_address_of_a_postgresql_database_is_refused(text: str) -> None:
    with pytest.raises(NotPostgres):
        address(text)


def test_the_password_of_the_database_is_not_told(tmp_path: Path) -> None:
    for url in ("postgresql://desk:canary@127.0.0.1:1/desk", "mysql://desk:canary@127.0.0.1:1/desk"):
        with on(url):
            result = command("init", "--data", str(tmp_path / "data"))
        assert result.returncode == 1
        assert "canary" not in result.stdout + result.stderr
        assert result.stderr.count("\n") == 1


def test_without_the_driver_it_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "psycopg.py").write_text("raise ModuleNotFoundError('no', name='psycopg')")
    with on("postgresql://desk@127.0.0.1:1/desk"), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        result = command("init", "--data", str(tmp_path / "data"))
    assert (result.returncode, result.stderr) == (
        3,
        "deskbell-server: The server’s packages are not installed (psycopg is missing). "
        "Install them with: pipx install 'deskbell[server,postgres]'\n",
    )
