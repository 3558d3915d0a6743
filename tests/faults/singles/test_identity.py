"""Who asks: nobody, somebody else, somebody shut out. More is in tests/server/test_enrolment.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from client.core.paths import Paths
from client.system.secrets import open_store
from tests.core.client import Client
from tests.faults.exchange import Exchange, Fault
from tests.faults.proxy import FaultProxy
from tests.rigs.desk_server import DeskServer
from tests.server.rig import Agent, Device, Server, command, manifest
from tests.system.test_secrets import Vault

ROOT = Path(__file__).resolve().parents[3]


def test_a_device_revoked_between_report_and_pictures_is_held_and_keeps_everything(
    tmp_path: Path, serving: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client.core.delivery.WHOLE_BYTES", 0, raising=False)
    server = serving()

    def revoke(exchange: Exchange) -> Fault:
        if "/attachments/" in exchange.path:
            device_id = json.loads((person.paths.data / "identity.json").read_text())["device_id"]
            assert command("revoke-device", device_id, "--data", str(server.data)).returncode == 0
        return Fault()

    with FaultProxy(server.url, revoke) as proxy:
        person = Client(tmp_path / "profile", proxy.url, server.site_key)
        report_id = person.report()
        person.restart()
    assert person.held_by().code == "revoked"
    assert person.engine.spool.waiting() == [report_id]
    assert len(list((person.paths.spool / "outbox" / report_id).glob("?" * 64))) == 2
    assert not any(path.is_file() for path in (server.data / "blobs").rglob("*"))


@pytest.mark.parametrize("names", [1, 3], ids=["one name", "many names"])
def test_a_name_in_the_header_of_a_request_opens_nothing(serving: Callable[..., Server], names: int) -> None:
    server = serving()
    owner = server.device()
    report = manifest()
    owner.submit(report)
    spoofed = dict.fromkeys(("X-Remote-User", "Remote-User", "X-Forwarded-User", "X-Webauth-User")[:names], "anna")
    spoofed |= {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1;by=127.0.0.1"}
    path = f"/api/v1/tickets/{report['report_id']}"
    assert server.get(path, headers=spoofed).status_code == 401
    assert server.device().get(path, headers=spoofed).status_code == 404
    page = requests.get(f"{server.url}/console/", headers=spoofed, timeout=20, allow_redirects=False)
    assert (page.status_code, page.headers["Location"]) == (303, "/console/login")


def test_a_credential_in_the_address_opens_nothing(serving: Callable[..., Server]) -> None:
    server = serving()
    device = server.device()
    for name in ("access_token", "authorization", "token", "bearer"):
        query = f"/api/v1/desk?{name}={device.id}.{device.secret}"
        assert server.get(query).status_code == 401


def test_somebody_elses_name_in_a_report_is_shown_as_a_claim(serving: Callable[..., Server]) -> None:
    server = serving()
    report = manifest(requester={"name": "The Managing Director", "user": "CORP\\boss", "host": "BOSS-PC"})
    server.device().submit(report)
    agent = Agent(server)
    with agent.session:
        agent.log_in()
        for path in ("/console/", f"/console/tickets/{report['report_id']}"):
            page = agent.get(path).text
            assert "The Managing Director" in page
            assert "not verified" in page


def test_a_flood_of_enrolments_from_one_address_is_stopped_and_known_devices_go_on(
    serving: Callable[..., Server],
) -> None:
    server = serving(enrolments_per_hour=40)
    known = server.device()
    statuses = [Device(server).enrol().status_code for _ in range(200)]
    assert statuses == [201] * 39 + [429] * 161
    assert known.submit(manifest()).status_code == 201
    assert known.enrol().status_code == 200


# The place where this PC keeps passwords


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Vault:
    """A key ring of this PC, instead of the private file that a profile apart has."""
    vault = Vault()

    def store(paths: Paths) -> object:
        return open_store(paths.data, vault)

    monkeypatch.setattr("client.assembly.secret_store", store)
    return vault


def test_a_locked_key_ring_holds_the_report_until_it_is_unlocked(client: Client, vault: Vault) -> None:
    first = client.report()
    vault.is_unlocked = False
    client.restart()
    second = client.report()
    assert client.held_by().code == "credential_store"
    assert client.delivered() == [first]
    vault.is_unlocked = True
    client.restart()
    assert client.delivered() == [first, second]
    assert len(vault.kept) == 1  # still the same device


def test_an_emptied_key_ring_makes_a_new_device_and_no_second_ticket(
    client: Client, vault: Vault, desk_server: DeskServer
) -> None:
    report_id = client.report()
    client.unsend(report_id)
    vault.kept.clear()
    client.restart()
    assert client.delivered() == [report_id, report_id]
    assert desk_server.rows("select count(*) from tickets where id = ?", report_id) == [(1,)]


def test_an_id_that_another_device_has_is_given_up_for_a_new_one(client: Client, desk_server: DeskServer) -> None:
    """As after a restored disk image whose key ring is another."""
    taken = Device(Server(desk_server.url, desk_server.site_key, desk_server.data))
    assert taken.enrol().status_code == 201
    (client.paths.data / "identity.json").write_text(json.dumps({"device_id": taken.id}))
    secrets = client.paths.data / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / f"{taken.id}.json").write_text(json.dumps({"secret": "A" * 43}))
    (secrets / f"{taken.id}.json").chmod(0o600)
    report_id = client.report()
    assert client.delivered() == [report_id]
    assert json.loads((client.paths.data / "identity.json").read_text())["device_id"] != taken.id


# What must never be on an employee's machine


def _deskbell(profile: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "client", *arguments, "--profile", str(profile)],
        cwd=ROOT,
        env=os.environ | {"LANGUAGE": "en"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["api_key", "zendesk_token", "admin_password"])
def test_an_administrators_key_in_the_settings_is_refused_with_the_reason_and_shown_nowhere(
    client: Client, name: str
) -> None:
    body = json.loads(client.paths.user_config.read_text())
    client.paths.machine_config.write_text(json.dumps({**body, name: "canary-4711"}))
    said = ""
    for arguments in (("doctor",), ("settings",), ("report", "hello", "--no-screens"), ("outbox",)):
        done = _deskbell(client.paths.data, *arguments)
        assert "Traceback" not in done.stderr
        said += done.stdout + done.stderr
        if arguments[0] in ("doctor", "settings"):
            assert f"“{name}”" in done.stdout + done.stderr
    assert "canary" not in said
    assert "only the public site key belongs here" in said


def test_an_agents_key_in_the_place_of_the_site_key_is_not_sent_to_anybody(tmp_path: Path) -> None:
    person = Client(tmp_path / "profile", "http://localhost:1", "zd_agent_canary")
    report_id = person.report()
    assert person.held_by().code == "bad_setting"
    assert "administrator" in person.held_by().detail
    assert "canary" not in repr(person.events)
    assert person.engine.spool.waiting() == [report_id]
