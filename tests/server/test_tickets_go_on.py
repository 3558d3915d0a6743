"""What becomes of a ticket, and what its requester is told of it: for nobody else, and nothing internal."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from server_stub.life import Act
from server_stub.manifest import Attachment
from server_stub.store.handling import Words
from tests.rigs.waiting import wait_until
from tests.server.desk import Desk, comment, desk, operation, send
from tests.server.rig import Agent, Device, FakeClock, Server, attachment, digest, manifest, png

pytestmark = pytest.mark.both


@pytest.fixture
def people(server: Server, data: Path, clock: FakeClock) -> Iterator[Desk]:
    """The desk of `server`."""
    with desk(data, clock) as people:
        yield people


@pytest.fixture
def ticket(device: Device) -> str:
    """A ticket of `device`, new."""
    report = manifest()
    assert device.submit(report).status_code == 201
    return str(report["report_id"])


def told(device: Device, ticket: str) -> dict[str, Any]:
    """What a device is told of its ticket."""
    answer = device.read(ticket)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def kinds(of: dict[str, Any]) -> list[str]:
    return [event["kind"] for event in of["events"]]


def test_a_comment_is_kept_once_and_answered_with_a_receipt(device: Device, ticket: str) -> None:
    said = comment(ticket)
    first, again = send(device, said), send(device, said)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json() == {
        "report_id": ticket,
        "id": said["id"],
        "body_sha256": digest(json.dumps(said).encode()),
        "ticket": {"id": ticket, "number": 1001, "status": "new"},
        "missing": [],
    }
    found = told(device, ticket)
    assert [(each["id"], each["text"]) for each in found["comments"]] == [(said["id"], "It happens again")]
    assert found["comments"][0]["author"] == {"name": "Anna Kern", "is_me": True}


def test_one_comment_twenty_times_at_once_is_one(device: Device, ticket: str) -> None:
    said = comment(ticket)
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: send(device, said).status_code, range(20)))
    assert sorted(statuses) == [200] * 19 + [201]
    assert len(told(device, ticket)["comments"]) == 1


@pytest.mark.parametrize("make", [comment, lambda ticket, **changes: operation(ticket, "solved", **changes)])
def test_another_content_under_the_same_id_is_refused(
    device: Device, ticket: str, make: Callable[..., dict[str, Any]]
) -> None:
    said = make(ticket)
    send(device, said)
    answer = send(device, {**said, "text": "something else"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "sent_differs")
    assert "something else" not in device.read(ticket).text


def test_what_names_another_id_than_its_address_is_refused(device: Device, ticket: str) -> None:
    said = comment(ticket)
    for path in ({"id": str(uuid.uuid4())}, {"report_id": str(uuid.uuid4())}):
        assert send(device, said, **path).status_code == 422
    assert told(device, ticket)["comments"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"text": " \n"},
        {"text": "x" * 20_001},
        {"format": 2},
        {"id": "1"},
        {"attachments": [attachment(b"a"), {**attachment(b"a"), "bytes": 2}]},
    ],
)
def test_a_comment_that_is_none_is_refused(device: Device, ticket: str, changes: dict[str, Any]) -> None:
    answer = send(device, comment(ticket, **changes), id=str(uuid.uuid4()))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")


@pytest.mark.parametrize("changes", [{"kind": "merge"}, {"kind": "rating"}, {"kind": "rating", "stars": 6}])
def test_an_operation_that_is_none_is_refused(device: Device, ticket: str, changes: dict[str, Any]) -> None:
    said = {**operation(ticket, "solved"), **changes}
    assert send(device, said).json()["error"]["code"] == "invalid"


def test_an_attachment_of_a_comment_arrives_and_is_read(device: Device, ticket: str) -> None:
    picture = png()
    said = comment(ticket, text="", attachments=[attachment(picture, name="../../x.png")])
    assert send(device, said).json()["missing"] == [digest(picture)]
    assert told(device, ticket)["comments"][0]["attachments"][0]["is_here"] is False
    address = f"/api/v1/tickets/{ticket}/attachments/{digest(picture)}"
    assert device.get(address).status_code == 404
    assert device.upload(ticket, picture).status_code == 201
    assert send(device, said).json()["missing"] == []
    assert told(device, ticket)["comments"][0]["attachments"][0]["is_here"] is True
    answer = device.get(address)
    assert (answer.status_code, answer.content) == (200, picture)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="_.._x.png"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")


def test_an_attachment_that_the_report_brought_already_is_not_wanted_again(device: Device) -> None:
    picture = png()
    report = manifest(attachments=[attachment(picture)])
    device.submit(report)
    device.upload(report["report_id"], picture)
    said = comment(report["report_id"], attachments=[attachment(picture)])
    assert send(device, said).json()["missing"] == []


def test_what_is_no_picture_is_only_ever_for_saving(device: Device, ticket: str) -> None:
    page = b"<html><script>alert(1)</script>"
    send(device, comment(ticket, attachments=[attachment(page, media_type="text/html", name="a.html")]))
    device.upload(ticket, page)
    answer = device.get(f"/api/v1/tickets/{ticket}/attachments/{digest(page)}")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")


def test_the_report_itself_is_read_with_its_attachments(device: Device) -> None:
    picture = png()
    report = manifest(attachments=[attachment(picture)])
    device.submit(report)
    device.upload(report["report_id"], picture)
    found = told(device, report["report_id"])
    assert found["attachments"] == [
        {
            "sha256": digest(picture),
            "bytes": len(picture),
            "name": "display-1.png",
            "media_type": "image/png",
            "is_here": True,
        }
    ]
    assert kinds(found) == ["filed"]
    assert found["events"][0]["by"] == {"name": "Anna Kern", "is_me": True}
    assert device.get(f"/api/v1/tickets/{report['report_id']}/attachments/{digest(picture)}").content == picture


def test_who_takes_a_ticket_is_told_by_name_and_when(
    device: Device, ticket: str, people: Desk, clock: FakeClock
) -> None:
    clock.forward(minutes=5)
    people.handling.take(ticket, people.anna)
    people.handling.take(ticket, people.anna)
    found = told(device, ticket)
    assert (found["status"], found["agent"], found["picked_up_at"]) == (
        "open",
        {"name": "Anna Kern"},
        "2026-11-23T09:46:07Z",
    )
    assert kinds(found) == ["filed", "taken"]
    assert found["events"][1]["by"] == {"name": "Anna Kern", "is_me": False}
    people.handling.assign(ticket, people.anna, people.bert)
    found = told(device, ticket)
    assert (found["agent"], found["events"][2]["kind"], found["events"][2]["text"]) == (
        {"name": "Bert Wolf"},
        "assigned",
        "Bert Wolf",
    )


def test_whoever_answers_a_ticket_that_nobody_has_has_it(device: Device, ticket: str, people: Desk) -> None:
    people.say(ticket, Act.REPLY, "Which printer is it?")
    found = told(device, ticket)
    assert (found["status"], found["agent"], kinds(found)) == (
        "open",
        {"name": "Anna Kern"},
        ["filed", "taken", "answered"],
    )
    assert found["comments"][0]["author"] == {"name": "Anna Kern", "is_me": False}


def test_the_same_form_twice_does_its_work_once(device: Device, ticket: str, people: Desk) -> None:
    words = Words(str(uuid.uuid4()), "Once")
    for _ in range(2):
        people.handling.say(ticket, people.anna, Act.REPLY, words)
    assert len(told(device, ticket)["comments"]) == 1


def test_an_answer_sets_a_ticket_going_that_waited_for_it(device: Device, ticket: str, people: Desk) -> None:
    people.say(ticket, Act.ASK)
    assert told(device, ticket)["status"] == "pending"
    assert send(device, comment(ticket)).json()["ticket"]["status"] == "open"


def test_it_works_now_closes_what_was_solved(device: Device, ticket: str, people: Desk) -> None:
    people.say(ticket, Act.SOLVE, "It has a new cable")
    found = told(device, ticket)
    assert (found["status"], found["closes_at"]) == ("solved", "2026-11-30T09:41:07Z")
    answer = send(device, operation(ticket, "solved"))
    assert (answer.status_code, answer.json()["ticket"]["status"]) == (201, "closed")
    found = told(device, ticket)
    assert (found["closes_at"], kinds(found)) == (None, ["filed", "taken", "solved", "closed"])
    assert found["events"][-1]["by"]["is_me"] is True


def test_still_broken_reopens_with_the_same_agent_and_number(device: Device, ticket: str, people: Desk) -> None:
    people.say(ticket, Act.SOLVE)
    answer = send(device, operation(ticket, "reopen", "Not after a restart"))
    assert answer.json()["ticket"] == {"id": ticket, "number": 1001, "status": "open"}
    found = told(device, ticket)
    assert (found["agent"], found["closes_at"]) == ({"name": "Anna Kern"}, None)
    assert (found["events"][-1]["kind"], found["events"][-1]["text"]) == ("reopened", "Not after a restart")


@pytest.mark.parametrize("closes", [True, False])
def test_a_plain_thank_you_never_reopens_and_anything_else_does(
    device: Device, ticket: str, people: Desk, closes: bool
) -> None:
    people.say(ticket, Act.SOLVE)
    if closes:
        send(device, operation(ticket, "solved"))
    status = told(device, ticket)["status"]
    assert send(device, comment(ticket, "Vielen Dank, Anna!")).json()["ticket"]["status"] == status
    assert [each["is_thanks"] for each in told(device, ticket)["comments"]] == [False, True]
    assert send(device, comment(ticket, "Danke, aber es geht nicht")).json()["ticket"]["status"] == "open"


def test_a_rating_is_kept_and_changes_no_status(device: Device, ticket: str, people: Desk) -> None:
    people.say(ticket, Act.SOLVE)
    for stars in (3, 5):
        answer = send(device, operation(ticket, "rating", "Quick", stars=stars))
        assert answer.json()["ticket"]["status"] == "solved"
    assert told(device, ticket)["rating"] == {"stars": 5, "text": "Quick"}


def test_it_went_away_closes(device: Device, ticket: str) -> None:
    assert send(device, operation(ticket, "withdraw")).json()["ticket"]["status"] == "closed"
    assert kinds(told(device, ticket)) == ["filed", "withdrawn"]


def test_an_operation_that_no_longer_fits_is_noted_and_no_error(device: Device, ticket: str) -> None:
    send(device, operation(ticket, "withdraw"))
    answer = send(device, operation(ticket, "solved", "after all"))
    assert (answer.status_code, answer.json()["ticket"]["status"]) == (201, "closed")
    assert told(device, ticket)["events"][-1]["text"] == "after all"


def test_within_the_window_a_closed_ticket_is_reopened_with_its_number(
    device: Device, ticket: str, clock: FakeClock
) -> None:
    send(device, operation(ticket, "withdraw"))
    clock.forward(days=14)
    assert send(device, operation(ticket, "reopen")).json()["ticket"] == {
        "id": ticket,
        "number": 1001,
        "status": "open",
    }


@pytest.mark.parametrize("kind", ["comment", "operation"])
def test_after_the_window_a_linked_ticket_goes_on(
    device: Device, ticket: str, people: Desk, clock: FakeClock, kind: str
) -> None:
    people.handling.take(ticket, people.bert)
    send(device, operation(ticket, "withdraw"))
    clock.forward(days=14, seconds=1)
    text = "The same again"
    said = comment(ticket, text) if kind == "comment" else operation(ticket, "reopen", text)
    first, again = send(device, said), send(device, said)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    led_to = first.json()["ticket"]
    assert (led_to["number"], led_to["status"], first.json()["report_id"]) == (1002, "open", ticket)
    old, new = told(device, ticket), told(device, led_to["id"])
    assert (old["status"], old["links"]) == ("closed", [{"id": led_to["id"], "number": 1002}])
    assert (old["events"][-1]["kind"], old["events"][-1]["text"]) == ("continued", "1002")
    assert (new["text"], new["category"], new["links"]) == (text, "signin", [{"id": ticket, "number": 1001}])
    assert (new["agent"], kinds(new)) == ({"name": "Bert Wolf"}, ["filed", "assigned"])


def test_a_ticket_that_goes_on_in_another_is_not_continued_twice(device: Device, ticket: str, clock: FakeClock) -> None:
    send(device, operation(ticket, "withdraw"))
    clock.forward(days=15)
    new = send(device, operation(ticket, "reopen")).json()["ticket"]
    assert new["status"] == "new"
    send(device, operation(new["id"], "withdraw"))
    answer = send(device, comment(ticket, "And again"))
    assert answer.json()["ticket"] == {**new, "status": "open"}
    assert told(device, new["id"])["events"][-1]["text"] == "And again"


def test_silence_closes_a_solved_ticket_and_nothing_else(
    device: Device, ticket: str, people: Desk, clock: FakeClock
) -> None:
    other = manifest()
    device.submit(other)
    people.say(ticket, Act.SOLVE)
    people.say(other["report_id"], Act.SOLVE)
    send(device, operation(other["report_id"], "reopen"))
    clock.forward(days=6, hours=23)
    assert people.silence.close_due() == 0
    clock.forward(hours=1)
    assert people.silence.close_due() == 1
    found = told(device, ticket)
    assert (found["status"], found["events"][-1]["kind"], found["events"][-1]["by"]) == ("closed", "closed", None)
    assert told(device, other["report_id"])["status"] == "open"


def test_nothing_internal_is_in_any_answer_to_a_device(device: Device, ticket: str, people: Desk) -> None:
    secret, picture = "canary-of-the-desk", png(colour="#123456")
    before = told(device, ticket)
    (device.server.data / "blobs" / digest(picture)[0] / digest(picture)).write_bytes(picture)
    part = Attachment.model_validate_json(json.dumps({**attachment(picture), "name": f"{secret}.png"}))
    people.handling.say(ticket, people.anna, Act.NOTE, Words(str(uuid.uuid4()), secret, [part]))
    assert told(device, ticket) == before
    assert device.get(f"/api/v1/tickets/{ticket}/attachments/{digest(picture)}").status_code == 404
    answers = [
        device.read(ticket),
        send(device, comment(ticket)),
        send(device, operation(ticket, "rating", stars=1)),
    ]
    for answer in answers:
        assert secret not in answer.text
        assert digest(picture) not in answer.text


def test_nobody_else_reads_says_or_does_anything(device: Device, ticket: str, server: Server) -> None:
    picture = png()
    said = comment(ticket, attachments=[attachment(picture)])
    send(device, said)
    device.upload(ticket, picture)
    stranger, absent = server.device(), str(uuid.uuid4())
    address = "/api/v1/tickets/{}/attachments/" + digest(picture)
    answers = [
        (send(stranger, comment(ticket)), send(stranger, comment(absent))),
        (send(stranger, said), send(stranger, {**said, "report_id": absent})),
        (send(stranger, operation(ticket, "withdraw")), send(stranger, operation(absent, "withdraw"))),
        (stranger.get(address.format(ticket)), stranger.get(address.format(absent))),
        (stranger.upload(ticket, picture), stranger.upload(absent, picture)),
    ]
    for foreign, nothing in answers:
        assert foreign.status_code == nothing.status_code == 404
        assert foreign.json() == nothing.json()
    assert kinds(told(device, ticket)) == ["filed"]


def test_who_holds_the_report_but_did_not_file_it_says_and_reads_nothing(device: Device, server: Server) -> None:
    report, picture = manifest(), png()
    device.submit(report)
    send(device, comment(report["report_id"], attachments=[attachment(picture)]))
    holder = server.device()
    assert holder.submit(report).status_code == 200
    assert send(holder, comment(report["report_id"])).status_code == 404
    assert holder.upload(report["report_id"], picture).status_code == 404


def test_too_many_comments_are_told_to_come_later(serve: Callable[..., Server], clock: FakeClock) -> None:
    device = serve(reports_per_hour=2).device()
    report = manifest()
    device.submit(report)
    sent = [send(device, comment(report["report_id"])), send(device, operation(report["report_id"], "solved"))]
    refused = send(device, comment(report["report_id"]))
    assert [answer.status_code for answer in sent] == [201, 201]
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_comments")
    assert int(refused.headers["Retry-After"]) == 3601
    clock.forward(seconds=3601)
    assert send(device, comment(report["report_id"])).status_code == 201


def test_a_server_that_starts_closes_what_is_due(
    device: Device, ticket: str, people: Desk, clock: FakeClock, serve: Callable[..., Server]
) -> None:
    people.say(ticket, Act.SOLVE)
    clock.forward(days=7)
    serve()
    wait_until(lambda: told(device, ticket)["status"] == "closed", "the ticket to be closed", 20)


def test_many_that_close_what_is_due_at_once_close_each_once(
    device: Device, people: Desk, data: Path, clock: FakeClock
) -> None:
    tickets = [manifest() for _ in range(5)]
    for report in tickets:
        device.submit(report)
        people.say(report["report_id"], Act.SOLVE)
    clock.forward(days=8)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: people.silence.close_due(), range(4))) == 5
    for report in tickets:
        assert kinds(told(device, report["report_id"])).count("closed") == 1


def test_the_desk_sets_how_long_it_waits(serve: Callable[..., Server], data: Path, clock: FakeClock) -> None:
    server = serve(close_days=2, reopen_days=1)
    device, agent = server.device(), Agent(server)
    report = manifest()
    device.submit(report)
    with agent.session:
        agent.log_in()
        form = {"id": str(uuid.uuid4()), "act": "solve", "text": "Done"}
        assert agent.post(f"/console/tickets/{report['report_id']}/say", form).status_code == 303
    assert told(device, report["report_id"])["closes_at"] == "2026-11-25T09:41:07Z"
    send(device, operation(report["report_id"], "solved"))
    clock.forward(days=1, seconds=1)
    assert send(device, operation(report["report_id"], "reopen")).json()["ticket"]["number"] == 1002
