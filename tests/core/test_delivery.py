"""The real client core against the real server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.answering import answering, http
from tests.core.client import Client
from tests.core.workshop import shot
from tests.rigs.desk_server import DeskServer, free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def client(tmp_path: Path, desk_server: DeskServer) -> Client:
    return Client(tmp_path / "profile", desk_server.url, desk_server.site_key)


def _tickets(server: DeskServer, report_id: str) -> int:
    return int(server.rows("select count(*) from tickets where id = ?", report_id)[0][0])


def test_a_report_is_delivered_byte_for_byte(client: Client, desk_server: DeskServer) -> None:  # I4, I5
    report_id = client.report()
    assert client.delivered() == [report_id]
    sent = client.paths.spool / "sent" / report_id
    (body,) = desk_server.rows("select body from manifests where ticket_id = ?", report_id)[0]
    assert body == (sent / "manifest.json").read_bytes()
    for item in json.loads(body)["attachments"]:
        stored = next((desk_server.data / "blobs").rglob(item["sha256"]))
        assert stored.read_bytes() == (sent / item["sha256"]).read_bytes()
    assert json.loads((sent / "receipt.json").read_text())["missing"] == []


def test_a_report_sent_again_is_the_same_ticket(client: Client, desk_server: DeskServer) -> None:  # I3
    report_id = client.report()
    client.unsend(report_id)
    client.engine.look()
    assert client.delivered() == [report_id, report_id]
    assert _tickets(desk_server, report_id) == 1


def test_a_report_of_a_device_that_enrolled_anew_is_the_same_ticket(client: Client, desk_server: DeskServer) -> None:
    report_id = client.report()  # I3: the credential store was emptied between sending and receipt
    client.unsend(report_id)
    client.paths.data.joinpath("identity.json").unlink()
    client.engine = client.assemble()
    client.engine.look()
    assert client.delivered() == [report_id, report_id]
    assert _tickets(desk_server, report_id) == 1


def test_a_report_of_a_ticket_that_was_deleted_makes_no_second(client: Client, desk_server: DeskServer) -> None:  # I3
    import sqlite3

    report_id = client.report()
    database = sqlite3.connect(desk_server.data / "deskbell.sqlite3", timeout=20)
    with database:
        database.execute("update tickets set deleted_at = '2026-11-23 10:00:00' where id = ?", [report_id])
    database.close()
    client.unsend(report_id)
    client.engine.look()
    assert client.delivered() == [report_id, report_id]
    assert _tickets(desk_server, report_id) == 1


def test_offline_it_is_saved_and_sent_when_the_server_is_back(tmp_path: Path) -> None:  # I2
    with DeskServer(tmp_path) as server:
        server.stop()
        client = Client(tmp_path / "profile", server.url, server.site_key)
        report_id = client.report()
        assert client.delivered() == []
        assert client.held_by().code == "no_connection"
        server.start()
        client.engine = client.assemble()  # as after a restart
        client.engine.start()
        assert client.delivered() == [report_id]


def test_the_receipt_outlives_a_killed_server(tmp_path: Path) -> None:  # I11
    with DeskServer(tmp_path) as server:
        client = Client(tmp_path / "profile", server.url, server.site_key)
        report_id = client.report()
        server.kill()
        assert client.delivered() == [report_id]
        server.start()
        assert _tickets(server, report_id) == 1
        assert server.rows(
            "select count(*) from attachments where ticket_id = ? and received_at is null", report_id
        ) == [(0,)]


def test_nothing_of_the_user_or_the_machine_leaves_before_send(tmp_path: Path) -> None:  # I17
    with answering() as server:
        client = Client(tmp_path / "profile", server.url, "dbk_any")
        requester = client.engine._around.requester()
        unknown = b'{"error": {"code": "sign_in", "title": "Who are you", "detail": ""}}'
        server.answer = lambda asked: http(401, unknown) if asked.method == "GET" else http(500)
        client.engine.start()
        draft = client.engine.begin("panel")
        draft.set_words("words not sent", "app", True)
        draft.add_shots([shot(1, b"\x10\x20\x30\xff", 64, 48)])
        client.engine.refresh_desk()
        assert {asked.method for asked in server.asked} == {"GET", "PUT"}  # it asked who is on duty, and enrolled
        told = b"\n".join([asked.body + asked.path.encode() + repr(asked.headers).encode() for asked in server.asked])
        for secret in (requester.name, requester.user, requester.host, "words not sent"):
            assert not secret or f'"{secret}"'.encode() not in told
        assert all(len(asked.body) < 200 for asked in server.asked)


def test_who_unticks_user_and_computer_is_not_named_elsewhere_in_the_report(
    client: Client, desk_server: DeskServer
) -> None:
    draft = client.engine.begin_new("panel")
    for key in ("user", "host"):
        draft.include_fact(key, False)
    draft.submit()
    ((body,),) = desk_server.rows("select body from manifests where ticket_id = ?", draft.report_id)
    assert json.loads(body)["requester"] == {"name": "", "user": "", "host": ""}


def test_once_it_has_set_the_server_address_waiting_reports_are_sent(tmp_path: Path, desk_server: DeskServer) -> None:
    client = Client(tmp_path / "profile", "", "")
    report_id = client.report()
    assert client.held_by().code == "not_set_up"
    client.paths.user_config.write_text(json.dumps({"server": desk_server.url, "site_key": desk_server.site_key}))
    client.engine.send_now()  # the same program, still running
    assert client.delivered() == [report_id]


def test_a_wrong_site_key_holds_the_report_and_says_so(tmp_path: Path, desk_server: DeskServer) -> None:
    client = Client(tmp_path / "profile", desk_server.url, "dbk_not_a_real_one")
    report_id = client.report()
    assert client.held_by().code == "unknown_site"
    assert client.held_by().detail
    assert client.engine.spool.waiting() == [report_id]
    client.paths.user_config.write_text(json.dumps({"server": desk_server.url, "site_key": desk_server.site_key}))
    client.engine = client.assemble()
    client.engine.start()
    assert client.delivered() == [report_id]


def test_the_desk_says_who_is_there(client: Client) -> None:
    client.engine.refresh_desk()
    info = client.engine.desk()
    assert info
    assert (info.name, info.phone, info.on_duty) == ("Example Ltd", "5500", ())
    assert [category.id for category in info.categories] == ["app", "slow", "signin", "printer", "network", "other"]
    assert client.assemble().desk() == info  # kept for the next start, also offline


def test_no_secret_and_no_text_in_logs_and_process_lists(tmp_path: Path) -> None:  # I15
    canary = "kanarienvogel-4711"
    with DeskServer(tmp_path) as server:
        client = Client(tmp_path / "profile", server.url, server.site_key)
        client.report(canary)
        secret = next((client.paths.data / "secrets").glob("*")).read_text()
        assert server.rows("select text from tickets") == [(canary,)]
        assert canary not in server.log()
        assert secret not in server.log()
        assert not [path for path in client.paths.log.rglob("*") if canary in path.read_text()]


def test_five_processes_on_one_profile_deliver_each_report_once(tmp_path: Path) -> None:  # I9
    with DeskServer(tmp_path) as server:
        server.stop()
        client = Client(tmp_path / "profile", server.url, server.site_key)
        reports = {client.report(f"report {number}") for number in range(10)}
        server.start()
        command = [sys.executable, "-m", "client", "--profile", str(client.paths.data), "outbox", "--send", "--json"]
        running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) for _ in range(5)]
        for process in running:
            process.wait(60)
        client.engine = client.assemble()
        client.engine.start()  # whatever one process left because another had it
        assert set(client.engine.spool.waiting()) == set()
        assert {path.name for path in client.engine.spool.sent.iterdir()} == reports
        assert len(server.rows("select id from tickets")) == 10


def test_a_wrong_clock_changes_nothing(tmp_path: Path, desk_server: DeskServer) -> None:  # I8
    script = """
import sys, time
from datetime import datetime, timedelta
import client.core.draft as draft
shift = timedelta(days=365 * int(sys.argv[1]))
class Wrong(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + shift
draft.datetime = Wrong
real = time.time
time.time = lambda: real() + shift.total_seconds()
from client.__main__ main as run
""".replace("__main__ main", "__main__ import main")
    for years in (-50, 50):
        client = Client(tmp_path / str(years), desk_server.url, desk_server.site_key)
        code = (
            f"{script}\nraise SystemExit(run(['--profile', sys.argv[2], 'report', 'hello', '--no-screens', '--json']))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(years), str(client.paths.data)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["delivered"]


def test_an_unreachable_address_holds_the_report(tmp_path: Path) -> None:
    client = Client(tmp_path / "profile", f"http://127.0.0.1:{free_port()}", "dbk_any")
    report_id = client.report()
    assert client.held_by().code == "no_connection"
    assert client.engine.spool.waiting() == [report_id]


def test_an_address_of_somebody_else_holds_the_report(tmp_path: Path) -> None:
    with answering() as portal:
        portal.answer = http(200, b"<html>Welcome to the hotel</html>", "text/html")
        client = Client(tmp_path / "profile", portal.url, "dbk_any")
        report_id = client.report()
        assert client.held_by().code == "not_our_server"
        assert client.engine.spool.waiting() == [report_id]
