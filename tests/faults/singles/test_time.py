"""Clocks that are wrong, here and at the server: nothing is lost or delayed, and where TLS fails words say why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from client.core.lane import Lane
from client.core.schedule import LAST_RETRY_S
from client.doctor import examine
from tests.core.answering import answering, http
from tests.core.client import Client
from tests.core.desk import LoopbackDesk
from tests.core.workshop import Workshop, shot
from tests.faults.singles.test_secure_lines import served_by
from tests.faults.wall_clock import WallClock
from tests.rigs.desk_server import DeskServer
from tests.server.rig import Agent, Server, manifest

ROOT = Path(__file__).resolve().parents[3]
YEAR_S = 365 * 24 * 3600


def deskbell(profile: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command line as a process of its own, with these variables."""
    return subprocess.run(
        [sys.executable, "-m", "client", *arguments, "--profile", str(profile)],
        cwd=ROOT,
        env=os.environ | {"LANGUAGE": "en"} | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.needs("cc")
@pytest.mark.parametrize("years", [-50, 50])
def test_a_pc_whose_clock_is_fifty_years_off_delivers_at_once(
    tmp_path: Path, desk_server: DeskServer, years: int
) -> None:
    person = Client(tmp_path / "profile", desk_server.url, desk_server.site_key)
    clock = WallClock(tmp_path, "pc")
    clock.set_ahead(years * YEAR_S)
    done = deskbell(person.paths.data, "report", "hello", "--no-screens", "--json", **clock.env)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    report_id = json.loads(done.stdout)["report_id"]
    ((body, made_at),) = desk_server.rows(
        "select body, tickets.created_at from manifests join tickets on ticket_id = id where id = ?", report_id
    )
    claimed = datetime.fromisoformat(json.loads(body)["created_at"])
    assert abs((claimed - datetime.now(UTC)).days - years * 365) < 20  # so the clock was wrong indeed
    assert str(made_at)[:4] == str(datetime.now(UTC).year)  # agents read the server's


@pytest.mark.needs("cc")
def test_a_dead_battery_of_the_clock_is_said_and_the_report_waits(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    clock = WallClock(tmp_path, "pc")
    clock.set_ahead(946_684_800 - int(time.time()))  # January 2000, as a board without a battery has it
    last_month = datetime.now(UTC) - timedelta(days=30)
    with answering(served_by(authority.issue_cert("localhost", not_before=last_month))) as server:
        server.answer = http(200, b"{}")
        person = Client(tmp_path / "profile", server.url, "dbk_any")
        trust = {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        done = deskbell(person.paths.data, "report", "hello", "--no-screens", **clock.env, **trust)
        assert (done.returncode, server.asked) == (3, []), done.stderr
        assert done.stderr.startswith("This PC’s clock seems to be wrong. Most likely")
        assert len(person.engine.spool.waiting()) == 1
        deskbell(person.paths.data, "outbox", "--send", **trust)  # with the clock set right
        assert server.asked


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Nonsense/Zone", ":/etc/passwd", "XYZ-24:59"])
def test_a_time_zone_of_any_kind_changes_no_moment(tmp_path: Path, desk_server: DeskServer, zone: str) -> None:
    person = Client(tmp_path / "profile", desk_server.url, desk_server.site_key)
    done = deskbell(person.paths.data, "report", "hello", "--no-screens", "--json", TZ=zone)
    assert (done.returncode, done.stderr) == (0, "")
    ((body,),) = desk_server.rows(
        "select body from manifests where ticket_id = ?", json.loads(done.stdout)["report_id"]
    )
    claimed = datetime.fromisoformat(json.loads(body)["created_at"])
    assert abs(claimed - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("jump_s", [-3600, 3600, -20 * YEAR_S, 20 * YEAR_S], ids=["hour back", "hour on", "back", "on"])
def test_a_clock_that_jumps_while_work_waits_changes_nothing(monkeypatch: pytest.MonkeyPatch, jump_s: float) -> None:
    done: list[str] = []
    last = threading.Event()
    lane = Lane("test", lambda *_: None)
    try:
        lane.put(lambda: (done.append("later"), last.set()), delay_s=0.2)  # type: ignore[arg-type, func-returns-value]
        lane.put(lambda: done.append("sooner"), delay_s=0.1)
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + jump_s)
        assert last.wait(10)
    finally:
        lane.close(5)
    assert done == ["sooner", "later"]


@pytest.mark.parametrize("jump_s", [-50 * YEAR_S, 50 * YEAR_S], ids=["back", "on"])
def test_a_clock_that_jumps_loses_no_report_that_waits(
    shop: Workshop, desk: LoopbackDesk, monkeypatch: pytest.MonkeyPatch, jump_s: float
) -> None:
    sent = shop.report("sent before", shot())
    shop.deliver()
    waits = shop.report("waits", shot())
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump_s)
    shop.restart()
    shop.outbox.start()
    shop.clockwork.pass_by(LAST_RETRY_S)
    assert shop.places() == {sent.report_id: "sent", waits.report_id: "sent"}
    assert desk.has_all_of(waits.report_id)
    assert (shop.spool.sent / sent.report_id / "receipt.json").exists()


def test_reports_of_one_moment_or_of_1970_are_all_sent(shop: Workshop, desk: LoopbackDesk) -> None:
    for number in range(5):
        draft = shop.report(f"report {number}")
        os.utime(shop.spool.outbox / draft.report_id, (0, 0))
    shop.restart()
    shop.deliver()
    assert set(shop.places().values()) == {"sent"}
    assert len(desk.manifests) == 5


# The server's clock


@pytest.mark.parametrize("years", [-1, 1, 50])
def test_a_server_whose_clock_is_years_off_takes_reports_all_the_same(
    tmp_path: Path, serving: Callable[..., Server], years: int
) -> None:
    server = serving(lambda: datetime.now(UTC) + timedelta(days=365 * years))
    person = Client(tmp_path / "profile", server.url, server.site_key)
    report_id = person.report()
    assert person.delivered() == [report_id]


@pytest.mark.needs("cc")
def test_doctor_says_that_the_clocks_differ(tmp_path: Path, desk_server: DeskServer) -> None:
    person = Client(tmp_path / "profile", desk_server.url, desk_server.site_key)
    assert [check.is_ok for check in examine(person.paths, person.settings()) if check.key == "clock"] == [True]
    clock = WallClock(tmp_path, "pc")
    clock.set_ahead(YEAR_S)
    done = deskbell(person.paths.data, "doctor", "--json", **clock.env)
    (check,) = [check for check in json.loads(done.stdout)["checks"] if check["key"] == "clock"]
    assert not check["ok"]
    assert check["state"] == "525600 minutes off the server’s"


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-23T09:41:07+14:00"]
)
def test_any_moment_that_a_client_claims_makes_a_ticket_that_can_be_shown(
    serving: Callable[..., Server], moment: str
) -> None:
    server = serving()
    report = manifest(created_at=moment)
    assert server.device().submit(report).status_code == 201
    agent = Agent(server)
    with agent.session:
        assert agent.log_in().status_code == 303
        assert agent.get("/console/").status_code == 200
        assert agent.get(f"/console/tickets/{report['report_id']}").status_code == 200
