"""A report in one request: the same ticket, receipt and refusals as in parts."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
import requests

from server_stub.blobs import Blobs
from tests.rigs.waiting import wait_until
from tests.server.rig import Device, attachment, digest, manifest

PICTURES = [b"first" * 1000, b"second" * 400_000, b""]


def whole(report: dict[str, Any], *blobs: bytes) -> tuple[bytes, dict[str, str]]:
    """Body and headers."""
    raw = json.dumps(report).encode()
    return raw + b"".join(blobs), {"Content-Type": f"application/vnd.deskbell.report; manifest={len(raw)}"}


def put(device: Device, report: dict[str, Any], *blobs: bytes, **headers: str) -> requests.Response:
    body, named = whole(report, *blobs)
    return device.put(f"/api/v1/tickets/{report['report_id']}", data=body, headers=named | headers)


def stored(device: Device, *blobs: bytes) -> list[bool]:
    there = Blobs(device.server.data)
    return [there.has(digest(blob), len(blob)) and there.path(digest(blob)).read_bytes() == blob for blob in blobs]


def test_everything_is_there_with_the_answer(device: Device) -> None:
    report = manifest(attachments=[attachment(each) for each in PICTURES])
    answer = put(device, report, *PICTURES)
    assert (answer.status_code, answer.json()["missing"]) == (201, [])
    assert answer.json()["manifest_sha256"] == digest(json.dumps(report).encode())
    assert all(stored(device, *PICTURES))
    assert list((device.server.data / "incoming").iterdir()) == []

    again = put(device, report, *PICTURES)
    assert (again.status_code, again.json()) == (200, answer.json())


def test_a_digest_that_is_announced_twice_comes_once(device: Device) -> None:
    report = manifest(attachments=[attachment(PICTURES[0]), attachment(PICTURES[0], name="display-2.png")])
    assert put(device, report, PICTURES[0]).json()["missing"] == []


def test_what_the_desk_has_already_is_passed_over(device: Device) -> None:
    report = manifest(attachments=[attachment(each) for each in PICTURES])
    device.submit(report)
    device.upload(report["report_id"], PICTURES[0])
    answer = put(device, report, b"?" * len(PICTURES[0]), *PICTURES[1:])
    assert (answer.status_code, answer.json()["missing"]) == (200, [])
    assert all(stored(device, *PICTURES))


def test_one_damaged_on_the_way_leaves_the_ticket_and_what_came_well(device: Device) -> None:
    report = manifest(attachments=[attachment(each) for each in PICTURES[:2]])
    answer = put(device, report, PICTURES[0], b"?" * len(PICTURES[1]))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "digest_differs")
    assert device.read(report["report_id"]).json()["missing"] == [digest(each) for each in PICTURES[:2]]
    assert list((device.server.data / "incoming").iterdir()) == []
    assert put(device, report, *PICTURES[:2]).json()["missing"] == []


def test_a_connection_that_breaks_in_the_middle_leaves_the_ticket(device: Device) -> None:
    report = manifest(attachments=[attachment(each) for each in PICTURES[:2]])
    body, headers = whole(report, *PICTURES[:2])
    host, port = device.server.url.removeprefix("http://").split(":")
    lines = {"Host": host, "Content-Length": str(len(body)), **headers, **device.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"PUT /api/v1/tickets/{report['report_id']} HTTP/1.1\r\n{head}\r\n".encode())
        connection.sendall(body[:-1])
        wait_until(lambda: device.read(report["report_id"]).status_code == 200, "the ticket")
    wait_until(lambda: list((device.server.data / "incoming").iterdir()) == [], "the rest to be removed")
    assert device.submit(report).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"data": b""}, 422, "invalid"),  # shorter than announced
        ({"headers": {"Content-Type": "application/vnd.deskbell.report"}}, 422, "invalid"),
        ({"headers": {"Content-Type": "application/vnd.deskbell.report; manifest=-1"}}, 422, "invalid"),
        ({"headers": {"Content-Type": "application/vnd.deskbell.report; manifest=300000"}}, 413, "too_large"),
        ({"headers": {"Content-Type": "application/vnd.deskbell.report; manifest=0"}}, 400, "bad_json"),
        ({"headers": {"Content-Encoding": "gzip"}}, 415, "unsupported_media_type"),
        ({"headers": {"Authorization": "Bearer nobody"}}, 401, "sign_in"),
    ],
)
def test_what_is_refused_makes_no_ticket(device: Device, changes: dict[str, Any], status: int, code: str) -> None:
    report = manifest(attachments=[attachment(PICTURES[0])])
    body, headers = whole(report, PICTURES[0])
    data = body[:-1] if "data" in changes else body
    answer = device.put(
        f"/api/v1/tickets/{report['report_id']}", data=data, headers=headers | changes.get("headers", {})
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert device.read(report["report_id"]).status_code == 404


def test_a_stranger_learns_nothing_of_what_is_wrong_with_a_body(device: Device) -> None:
    report = manifest(attachments="none")
    stranger = Device(device.server)
    assert put(stranger, report).status_code == 401


def test_a_body_without_a_length_is_refused(device: Device) -> None:
    report = manifest(attachments=[attachment(PICTURES[0])])
    body, headers = whole(report, PICTURES[0])
    answer = device.put(f"/api/v1/tickets/{report['report_id']}", data=iter([body]), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (411, "length_required")


def test_another_devices_report_stays_closed(device: Device) -> None:
    report = manifest(attachments=[attachment(PICTURES[0])])
    assert put(device, report, PICTURES[0]).status_code == 201
    answer = put(device.server.device(), {**report, "text": "mine"}, PICTURES[0])
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
