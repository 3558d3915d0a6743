"""Devices come in with the public site key and a secret of their own, and only in numbers that make sense."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from server_stub.store.tables import devices
from tests.server.rig import Device, FakeClock, Process, Server, command, manifest, stored

pytestmark = pytest.mark.both


def test_a_device_enrols_once_and_again_without_harm(server: Server) -> None:
    device = Device(server)
    first, again = device.enrol(), device.enrol()
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == {"device_id": device.id, "site": {"name": "Example Ltd"}}


def test_an_enrolled_device_stays_enrolled_whatever_key_it_shows_later(device: Device) -> None:
    assert device.enrol(site_key="dbk_gone").status_code == 200


def test_an_unknown_site_key_enrols_nobody(server: Server) -> None:
    device = Device(server)
    answer = device.enrol(site_key="dbk_wrong")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "unknown_site")
    assert device.get("/api/v1/desk").status_code == 401


def test_a_taken_device_id_needs_its_own_secret(device: Device) -> None:
    thief = Device(device.server, device.id)
    answer = thief.enrol()
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "device_taken")
    assert device.get("/api/v1/desk").status_code == 200


def test_the_credential_must_be_of_the_device_that_enrols(server: Server) -> None:
    device, other = Device(server), Device(server)
    answer = device.put(f"/api/v1/devices/{other.id}", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "sign_in")


def test_only_the_digest_of_a_secret_is_kept(device: Device) -> None:
    device.submit(manifest())
    device.get("/api/v1/desk")
    for path in device.server.data.rglob("*"):
        if path.is_file():
            assert device.secret.encode() not in path.read_bytes(), path


def test_a_withdrawn_site_key_enrols_nobody_and_enrolled_devices_keep_working(device: Device) -> None:
    assert command("set-site", "Example Ltd", "--withdraw", "--data", str(device.server.data)).returncode == 0
    assert Device(device.server).enrol().json()["error"]["code"] == "unknown_site"
    assert device.submit(manifest()).status_code == 201


def test_a_revoked_device_is_shut_out_of_everything(device: Device) -> None:
    report = manifest()
    device.submit(report)
    assert command("revoke-device", device.id, "--data", str(device.server.data)).returncode == 0
    answers = [device.enrol(), device.submit(report), device.read(report["report_id"]), device.get("/api/v1/desk")]
    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [(403, "revoked")] * 4


def test_more_enrolments_from_one_address_in_an_hour_than_the_limit_must_wait(
    serve: Callable[..., Server], clock: FakeClock
) -> None:
    server = serve(enrolments_per_hour=2)
    server.device()
    clock.forward(minutes=20)
    known = server.device()
    late = Device(server)
    refused = late.enrol()
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_enrolments")
    assert 2390 <= int(refused.headers["Retry-After"]) <= 2410
    assert known.enrol().status_code == 200
    clock.forward(seconds=int(refused.headers["Retry-After"]))
    assert late.enrol().status_code == 201


def test_an_address_in_x_forwarded_for_is_not_believed(serve: Callable[..., Server]) -> None:
    server = serve(enrolments_per_hour=1)
    server.device()
    assert Device(server).enrol(headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 429


def test_a_trusted_proxy_says_where_a_device_is(prepared: tuple[object, str], process: Process) -> None:
    proxied = Process(process.data, "--trusted-proxy", "127.0.0.1")
    try:
        server = Server(proxied.start(), prepared[1], process.data)
        device = Device(server)
        assert device.enrol(headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}).status_code == 201
        with stored(process.data) as database, database.read() as connection:
            address = connection.execute(select(devices.c.address).where(devices.c.id == device.id)).scalar_one()
        assert address == "203.0.113.9"
    finally:
        proxied.stop()


def test_more_reports_from_one_device_in_an_hour_than_the_limit_must_wait(
    serve: Callable[..., Server], clock: FakeClock
) -> None:
    server = serve(reports_per_hour=2)
    device, other = server.device(), server.device()
    reports = [manifest() for _ in range(3)]
    assert [device.submit(report).status_code for report in reports] == [201, 201, 429]
    refused = device.submit(reports[2])
    assert refused.json()["error"]["code"] == "too_many_reports"
    assert device.submit(reports[0]).status_code == 200
    assert other.submit(manifest()).status_code == 201
    clock.forward(seconds=int(refused.headers["Retry-After"]))
    answer = device.submit(reports[2])
    assert (answer.status_code, answer.json()["ticket"]["number"]) == (201, 1004)
