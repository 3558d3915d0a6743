"""Submitting, uploading and reading: one ticket for each report, complete or visibly not, and only for its owner."""

from __future__ import annotations

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from server_stub.store.tables import tickets
from tests.server.rig import Device, FakeClock, Process, Server, attachment, digest, manifest, png, stored

pytestmark = pytest.mark.both


def test_a_report_becomes_a_ticket_with_a_number_for_people(device: Device) -> None:
    report = manifest()
    answer = device.submit(report)
    assert answer.status_code == 201
    assert answer.json() == {
        "report_id": report["report_id"],
        "manifest_sha256": digest(json.dumps(report).encode()),
        "ticket": {"id": report["report_id"], "number": 1001, "status": "new"},
        "missing": [],
    }


def test_ticket_numbers_are_consecutive_over_all_devices(server: Server) -> None:
    numbers = [server.device().submit(manifest()).json()["ticket"]["number"] for _ in range(3)]
    assert numbers == [1001, 1002, 1003]


def test_the_same_manifest_again_gives_the_same_ticket(device: Device) -> None:
    report = manifest()
    first, again = device.submit(report), device.submit(report)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_the_same_put_twenty_times_at_once_gives_one_ticket(device: Device) -> None:
    report = manifest()
    together = threading.Barrier(20)

    def put(_turn: int) -> tuple[int, int]:
        together.wait(20)
        answer = device.submit(report)
        return answer.status_code, answer.json()["ticket"]["number"]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(put, range(20)))
    assert sorted(status for status, _ in answers) == [200] * 19 + [201]
    assert {number for _, number in answers} == {1001}


def test_two_server_processes_make_one_ticket_of_one_report(prepared: tuple[object, str], process: Process) -> None:
    other = Process(process.data)
    try:
        servers = [Server(p.start(), prepared[1], p.data) for p in (process, other)]
        device = servers[0].device()
        devices = [Device(server, device.id, device.secret) for server in servers]
        reports = [manifest() for _ in range(8)]
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda pair: pair[0].submit(pair[1]), [(d, r) for r in reports for d in devices]))
        assert sorted(answer.status_code for answer in answers) == [200] * 8 + [201] * 8
        assert {answer.json()["ticket"]["number"] for answer in answers} == set(range(1001, 1009))
    finally:
        other.stop()


def test_another_manifest_under_the_same_id_is_refused_and_changes_nothing(device: Device) -> None:
    report = manifest()
    device.submit(report)
    answer = device.submit({**report, "text": "something else"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "report_differs")
    assert device.read(report["report_id"]).json()["text"] == report["text"]


def test_a_foreign_report_id_looks_like_an_absent_one(server: Server, device: Device) -> None:
    report = manifest()
    device.submit(report)
    answer = server.device().submit({**report, "text": "something else"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_deleted_ticket_still_answers_with_its_receipt(device: Device) -> None:
    picture = png()
    report = manifest(attachments=[attachment(picture)])
    first = device.submit(report).json()
    with stored(device.server.data) as database, database.write() as connection:
        connection.execute(update(tickets).values(deleted_at=FakeClock()()))
    again = device.submit(report)
    assert again.status_code == 200
    assert again.json() == {**first, "missing": []}
    assert device.upload(report["report_id"], picture).status_code == 200
    assert device.read(report["report_id"]).status_code == 404


def test_who_holds_the_same_manifest_may_deliver_it_but_reads_nothing(server: Server, device: Device) -> None:
    picture = png()
    report = manifest(attachments=[attachment(picture)])
    device.submit(report)
    reinstalled = server.device()
    receipt = reinstalled.submit(report)
    assert (receipt.status_code, receipt.json()["missing"]) == (200, [digest(picture)])
    assert reinstalled.upload(report["report_id"], picture).json()["missing"] == []
    assert reinstalled.read(report["report_id"]).status_code == 404


def test_reading_a_foreign_ticket_answers_byte_for_byte_like_an_absent_one(server: Server, device: Device) -> None:
    report = manifest(attachments=[attachment(png())])
    device.submit(report)
    stranger = server.device()

    def shape(path: str, method: str) -> tuple[object, ...]:
        answer = stranger.get(path) if method == "GET" else stranger.put(path, data=png())
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "date"}
        return answer.status_code, answer.content, headers

    own, absent = report["report_id"], str(uuid.uuid4())
    sha256 = digest(png())
    assert shape(f"/api/v1/tickets/{own}", "GET") == shape(f"/api/v1/tickets/{absent}", "GET")
    assert shape(f"/api/v1/tickets/{own}/attachments/{sha256}", "PUT") == shape(
        f"/api/v1/tickets/{absent}/attachments/{sha256}", "PUT"
    )
    assert device.read(own).status_code == 200


def test_a_device_reads_its_own_ticket(device: Device) -> None:
    picture = png()
    report = manifest(attachments=[attachment(picture)], blocking=True)
    device.submit(report)
    here = {"sha256": digest(picture), "bytes": len(picture), "name": "display-1.png", "media_type": "image/png"}
    me = {"name": "Anna Kern", "is_me": True}
    filed = {"id": report["report_id"], "at": "2026-11-23T09:41:07Z", "kind": "filed", "by": me, "text": ""}
    assert device.read(report["report_id"]).json() == {
        "id": report["report_id"],
        "number": 1001,
        "status": "new",
        "text": report["text"],
        "category": "signin",
        "blocking": True,
        "created_at": "2026-11-23T09:41:07Z",
        "updated_at": "2026-11-23T09:41:07Z",
        "agent": None,
        "picked_up_at": None,
        "closes_at": None,
        "rating": None,
        "links": [],
        "comments": [],
        "events": [filed],
        "attachments": [{**here, "is_here": False}],
        "missing": [digest(picture)],
    }


def test_the_receipt_counts_down_what_is_missing_in_the_order_of_the_manifest(device: Device) -> None:
    one, two = png(colour="#ff0000"), png(colour="#00ff00")
    report = manifest(attachments=[attachment(one), attachment(two), attachment(one)])
    assert device.submit(report).json()["missing"] == [digest(one), digest(two)]
    first = device.upload(report["report_id"], one)
    assert (first.status_code, first.json()["missing"]) == (201, [digest(two)])
    assert device.upload(report["report_id"], two).json()["missing"] == []
    again = device.upload(report["report_id"], two)
    assert (again.status_code, again.json()["missing"]) == (200, [])


def test_the_very_bytes_are_kept_under_their_digest(device: Device) -> None:
    picture = png(800, 600)
    report = manifest(attachments=[attachment(picture)])
    device.submit(report)
    device.upload(report["report_id"], picture)
    sha256 = digest(picture)
    assert (device.server.data / "blobs" / sha256[0] / sha256).read_bytes() == picture


def test_lost_bytes_are_taken_again(device: Device) -> None:
    picture = png()
    report = manifest(attachments=[attachment(picture)])
    device.submit(report)
    device.upload(report["report_id"], picture)
    kept = device.server.data / "blobs" / digest(picture)[0] / digest(picture)
    kept.unlink()
    assert device.upload(report["report_id"], picture).status_code == 201
    assert kept.read_bytes() == picture


def test_an_empty_attachment_arrives(device: Device) -> None:
    report = manifest(attachments=[attachment(b"", kind="file", display=None)])
    device.submit(report)
    assert device.upload(report["report_id"], b"").json()["missing"] == []


@pytest.mark.parametrize("wrong", ["other", "shorter", "longer"])
def test_wrong_bytes_are_refused_and_leave_nothing(device: Device, wrong: str) -> None:
    picture = png()
    other = {"other": bytes(len(picture)), "shorter": picture[:-1], "longer": picture + b"x"}[wrong]
    report = manifest(attachments=[attachment(picture)])
    device.submit(report)
    answer = device.upload(report["report_id"], other, digest(picture))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "digest_differs")
    assert_nothing_kept(device.server)
    assert device.read(report["report_id"]).json()["missing"] == [digest(picture)]


def test_an_attachment_that_the_manifest_does_not_list_is_not_found(device: Device) -> None:
    report = manifest()
    device.submit(report)
    answer = device.upload(report["report_id"], b"unasked")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert_nothing_kept(device.server)


def test_what_was_acknowledged_survives_a_kill(prepared: tuple[object, str], process: Process) -> None:
    device = Server(process.start(), prepared[1], process.data).device()
    picture = png(640, 480)
    report = manifest(attachments=[attachment(picture)])
    assert device.submit(report).status_code == 201
    process.kill()

    device.server.url = process.start()
    assert device.submit(report).json()["missing"] == [digest(picture)]
    assert device.upload(report["report_id"], picture).status_code == 201
    process.kill()

    device.server.url = process.start()
    assert device.read(report["report_id"]).json()["missing"] == []
    assert (process.data / "blobs" / digest(picture)[0] / digest(picture)).read_bytes() == picture


def test_reports_in_flight_when_the_server_is_killed_are_there_or_come_again(
    prepared: tuple[object, str], process: Process
) -> None:
    device = Server(process.start(), prepared[1], process.data).device()
    reports = [manifest() for _ in range(40)]
    acknowledged: dict[str, int] = {}
    some = threading.Event()

    def put(report: dict[str, str]) -> None:
        try:
            answer = device.submit(report)
        except OSError:
            return
        acknowledged[report["report_id"]] = answer.json()["ticket"]["number"]
        if len(acknowledged) == 5:
            some.set()

    with ThreadPoolExecutor(8) as pool:
        pending = [pool.submit(put, report) for report in reports]
        assert some.wait(30)
        process.kill()
        for future in pending:
            future.result(30)

    device.server.url = process.start()
    for report in reports:
        answer = device.submit(report)
        number = answer.json()["ticket"]["number"]
        assert acknowledged.get(report["report_id"], number) == number
        assert answer.status_code == 200 or report["report_id"] not in acknowledged


def assert_nothing_kept(server: Server) -> None:
    kept = [path for folder in ("incoming", "blobs") for path in (server.data / folder).rglob("*") if path.is_file()]
    assert kept == []
