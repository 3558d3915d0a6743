"""What agents do with tickets in their pages, and what of it the requester is told."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from server_stub.console.multipart import boundary, parse
from server_stub.errors import BadRequest
from server_stub.settings import MIB
from server_stub.store.agents import Agents
from server_stub.store.clock import utc_now
from tests.server.desk import comment, operation, send
from tests.server.rig import Agent, Device, FakeClock, Server, attachment, digest, manifest, png, stored
from tests.server.test_changes import changes, waiting
from tests.server.test_console import HOSTILE, Controls

pytestmark = pytest.mark.both


PRESSED = {"": ""}  # a button alone; `requests` would send no form at all without a field


@pytest.fixture
def ticket(device: Device) -> str:
    """A ticket of `device`, new."""
    report = manifest()
    assert device.submit(report).status_code == 201
    return str(report["report_id"])


def path(ticket: str, act: str = "") -> str:
    return f"/console/tickets/{ticket}/{act}".rstrip("/")


def say(agent: Agent, ticket: str, act: str, text: str = "", *pictures: bytes, **fields: str) -> requests.Response:
    """Send the form as a browser does, with nothing chosen where there are no pictures."""
    chosen = [("pictures", (f"../p{n}.png", content)) for n, content in enumerate(pictures)]
    form = {"id": str(uuid.uuid4()), "text": text, "act": act, **fields}
    return agent.post(path(ticket, "say"), form, files=chosen or [("pictures", ("", b""))])


def told(device: Device, ticket: str) -> dict[str, Any]:
    found: dict[str, Any] = device.read(ticket).json()
    return found


def test_the_whole_story_of_a_ticket(agent: Agent, device: Device, ticket: str) -> None:
    assert "Nobody has it yet" in agent.get(path(ticket)).text
    taken = agent.post(path(ticket, "take"), PRESSED)
    assert (taken.status_code, taken.headers["Location"]) == (303, f"{path(ticket)}#latest")
    assert told(device, ticket)["agent"] == {"name": "Anna Kern"}
    assert say(agent, ticket, "ask", "Which printer?").status_code == 303
    send(device, comment(ticket, "The one on floor 3"))
    assert say(agent, ticket, "note", "It is always that one").status_code == 303
    assert say(agent, ticket, "reply", "On my way").status_code == 303
    assert say(agent, ticket, "solve", "It has a new cable").status_code == 303
    send(device, operation(ticket, "reopen", "Not after a restart"))
    assert say(agent, ticket, "solve").status_code == 303
    send(device, operation(ticket, "rating", "Quick", stars=4))
    send(device, operation(ticket, "solved"))
    found = told(device, ticket)
    assert [event["kind"] for event in found["events"]] == [
        "filed", "taken", "asked", "answered", "solved", "reopened", "solved", "rated", "closed",
    ]  # fmt: skip
    assert [each["text"] for each in found["comments"]] == [
        "Which printer?", "The one on floor 3", "On my way", "It has a new cable",
    ]  # fmt: skip
    page = agent.get(path(ticket)).text
    in_order = [
        "Reported.", "Anna Kern took the ticket.", "Which printer?", "Anna Kern asked back", "The one on floor 3",
        "It is always that one", "On my way", "It has a new cable", "Anna Kern solved it.", "still broken",
        "Not after a restart", "The requester rated it.", "it works now",
    ]  # fmt: skip
    talk = page[page.index('class="talk"') :]
    places = [talk.index(part) for part in in_order]
    assert places == sorted(places)
    assert "Rated 4 of 5" in page
    agent.post(path(ticket, "reopen"), PRESSED)
    assert told(device, ticket)["status"] == "open"


def test_who_waits_is_woken_by_an_agents_reply(agent: Agent, device: Device, ticket: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        future = waiting(pool, device, changes(device).json()["cursor"])
        say(agent, ticket, "reply", "Please restart it")
        answer = future.result(10)
    assert answer.json()["tickets"][0]["comments"][0]["text"] == "Please restart it"
    assert answer.elapsed.total_seconds() < 10


def test_pictures_of_a_reply_reach_the_requester_without_what_they_told_of_the_agent(
    agent: Agent, device: Device, ticket: str
) -> None:
    photo = BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "canary-of-the-camera"
    Image.new("RGB", (64, 40), "#2d5f9a").save(photo, "JPEG", exif=exif)
    assert b"canary-of-the-camera" in photo.getvalue()
    assert say(agent, ticket, "reply", "", png(), photo.getvalue()).status_code == 303
    parts = told(device, ticket)["comments"][0]["attachments"]
    assert [(part["media_type"], part["name"], part["is_here"]) for part in parts] == [
        ("image/png", "p0.png", True),
        ("image/jpeg", "p1.png", True),
    ]
    for part in parts:
        answer = device.get(f"/api/v1/tickets/{ticket}/attachments/{part['sha256']}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, part["media_type"])
        assert digest(answer.content) == part["sha256"]
        assert b"canary" not in answer.content
        with Image.open(BytesIO(answer.content)) as picture:
            assert picture.size == (64, 40)
    links = re.findall(r'src="(/attachments/[^"]+)"', agent.get(path(ticket)).text)
    assert len(links) == 2
    for link in links:
        assert agent.get(link).headers["Content-Type"] == "image/webp"


def test_pictures_of_the_requesters_comment_are_shown(agent: Agent, device: Device, ticket: str) -> None:
    send(device, comment(ticket, attachments=[attachment(png(), name="what I see.png")]))
    assert "Still on its way" in agent.get(path(ticket)).text
    device.upload(ticket, png())
    page = agent.get(path(ticket)).text
    assert "what I see.png" in page
    assert agent.get(re.findall(r'src="(/attachments/[^"]+)"', page)[0]).status_code == 200


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"MZ"])
def test_what_is_no_picture_is_refused_and_the_draft_kept(
    agent: Agent, device: Device, ticket: str, content: bytes
) -> None:
    answer = say(agent, ticket, "reply", "Look at <this>", content)
    assert answer.status_code == 422
    assert "Only pictures" in answer.text
    assert "Look at &lt;this&gt;</textarea>" in answer.text
    assert told(device, ticket)["comments"] == []
    assert not list((device.server.data / "incoming").iterdir())


@pytest.mark.parametrize("act", ["reply", "ask", "note"])
def test_nothing_is_said_without_words(agent: Agent, device: Device, ticket: str, act: str) -> None:
    answer = say(agent, ticket, act, " \r\n")
    assert answer.status_code == 422
    assert "Please write something first." in answer.text
    assert told(device, ticket)["events"][1:] == []


def test_a_form_that_is_sent_twice_does_its_work_once(agent: Agent, device: Device, ticket: str) -> None:
    said_id = re.findall(r'name="id" value="([^"]+)"', agent.get(path(ticket)).text)[0]
    for _ in range(2):
        assert say(agent, ticket, "solve", "Done", id=said_id).status_code == 303
    found = told(device, ticket)
    assert (len(found["comments"]), [event["kind"] for event in found["events"]]) == (1, ["filed", "taken", "solved"])


def test_a_ticket_is_given_to_somebody_else(agent: Agent, device: Device, ticket: str, data: Path) -> None:
    with stored(data) as database:
        Agents(database, utc_now).add("bert", "Bert Wolf", "x")
        Agents(database, utc_now).add("cleo", "Cleo Former", "x")
        Agents(database, utc_now).disable("cleo")
    page = agent.get(path(ticket)).text
    assert "Cleo" not in page
    bert = re.findall(r'<option value="(\d+)"[^>]*>Bert Wolf', page)[0]
    agent.post(path(ticket, "assign"), {"agent": bert})
    assert told(device, ticket)["agent"] == {"name": "Bert Wolf"}
    assert "Anna Kern gave the ticket to Bert Wolf." in agent.get(path(ticket)).text
    for nobody in ("0", "999999999", "x", ""):
        assert agent.post(path(ticket, "assign"), {"agent": nobody}).status_code in (400, 404)


def test_the_queue_shows_whose_and_which(agent: Agent, device: Device, server: Server) -> None:
    texts = ("mine to do", "nobodys yet", "done already")
    mine, nobodys, done = (manifest(text=text) for text in texts)
    for report in (mine, nobodys, done):
        device.submit(report)
    agent.post(path(mine["report_id"], "take"), PRESSED)
    say(agent, done["report_id"], "solve", "Done")
    shown = {
        show: [text in agent.get(f"/console/?show={show}").text for text in texts]
        for show in ("open", "mine", "unassigned", "solved", "all", "nonsense")
    }
    assert shown == {
        "open": [True, True, False],
        "mine": [True, False, False],
        "unassigned": [False, True, False],
        "solved": [False, False, True],
        "all": [True, True, True],
        "nonsense": [True, True, False],
    }
    page = agent.get("/console/?show=mine").text
    assert re.search(r'href="/console/\?show=mine" aria-current="page"', page)
    assert "Anna Kern</td>" in page
    assert "In progress" in page


def test_pages_of_a_view_stay_in_it(agent: Agent, device: Device) -> None:
    for n in range(52):
        report = manifest()
        device.submit(report)
        if n:
            send(device, operation(report["report_id"], "withdraw"))
    page = agent.get("/console/?show=solved").text
    older = re.findall(r'rel="next" href="([^"]+)"', page)[0].replace("&amp;", "&")
    assert older.startswith("/console/?show=solved&before=")
    assert len(re.findall(r'class="number">\d', agent.get(older).text)) == 1


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}])
@pytest.mark.parametrize("act", ["take", "assign", "say", "reopen"])
def test_a_form_from_elsewhere_changes_nothing(
    agent: Agent, device: Device, ticket: str, act: str, headers: dict[str, str]
) -> None:
    before = told(device, ticket)
    form = {"agent": "1", "act": "solve", "id": str(uuid.uuid4()), "text": "x"}
    assert agent.post(path(ticket, act), form, headers).status_code == 403
    assert agent.post(path(ticket, act), form, headers, files=[("pictures", ("", b""))]).status_code in (403, 415)
    assert told(device, ticket) == before


@pytest.mark.parametrize("act", ["take", "assign", "say", "reopen"])
def test_only_agents_work_on_tickets_and_only_on_those_that_there_are(
    agent: Agent, visitor: Agent, device: Device, ticket: str, act: str
) -> None:
    form = {"agent": "1", "act": "solve", "id": str(uuid.uuid4()), "text": "x"}
    assert visitor.post(path(ticket, act), form).headers["Location"].startswith("/console/login")
    for absent in (str(uuid.uuid4()), "nothing"):
        assert agent.post(path(absent, act), form).status_code == 404
    assert told(device, ticket)["status"] == "new"


@pytest.mark.parametrize("fields", [{"act": "merge"}, {"act": ""}, {"id": "1"}, {"id": ""}])
def test_a_strange_form_is_refused(agent: Agent, device: Device, ticket: str, fields: dict[str, str]) -> None:
    form = {"act": "reply", "id": str(uuid.uuid4()), "text": "x", **fields}
    assert agent.post(path(ticket, "say"), form).status_code == 400
    assert told(device, ticket)["comments"] == []


def test_nothing_that_is_said_becomes_markup(agent: Agent, device: Device, ticket: str) -> None:
    send(device, comment(ticket, HOSTILE, attachments=[attachment(b"x", name=HOSTILE)]))
    say(agent, ticket, "note", HOSTILE)
    send(device, operation(ticket, "rating", HOSTILE, stars=1))
    page = agent.get(path(ticket)).text
    assert Controls(page).forbidden == []
    assert "<script" not in page
    assert "<img src=x" not in page
    controls = Controls(page)
    assert all(control.get("id") in controls.labelled for control in controls.inputs)
    assert len(controls.inputs) == 3


def test_more_than_the_server_takes_is_refused(serve: Callable[..., Server], clock: FakeClock) -> None:
    server = serve(max_attachment_bytes=100)
    device, agent = server.device(), Agent(server)
    report = manifest()
    device.submit(report)
    with agent.session:
        agent.log_in()
        assert say(agent, report["report_id"], "reply", "x", png(200, 200)).status_code == 413
        assert say(agent, report["report_id"], "reply", "x", b"x" * (33 * MIB)).status_code == 413
        assert say(agent, report["report_id"], "reply", "x" * 20_001).status_code == 422
        assert say(agent, report["report_id"], "reply", "x", *[png(1, 1)] * 11).status_code == 422
    assert told(device, report["report_id"])["comments"] == []


def test_a_form_with_attachments_is_read_as_it_was_sent() -> None:
    divider = boundary('multipart/form-data; boundary="a b"')
    assert divider == "a b"
    raw = (
        b'--a b\r\nContent-Disposition: form-data; name="text"\r\n\r\nl\xc3\xb6sen\r\n--x\r\n'
        b'--a b\r\nContent-Disposition: form-data; name="p"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n'
        b"\x00\r\n--a \r\n\r\n--a b--\r\n"
    )
    form = parse(raw, divider)
    assert form.fields == {"text": "lösen\r\n--x"}
    assert [(sent.name, sent.content) for sent in form.attachments] == [("x.png", b"\x00\r\n--a \r\n")]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"x",
        b"--a",
        b"--a\r\n\r\nx\r\n--a--",
        b'--a\r\nContent-Disposition: form-data; name="x"\r\n\r\nx',
        b'--a\r\nContent-Disposition: form-data; name="x"\r\n\r\n\xff\r\n--a--',
        b"--a\r\nContent-Disposition: form-data\r\n\r\nx\r\n--a--",
        b'--a\r\nContent-Disposition: form-data; name="x"\r\n\r\nx\r\n' * 50 + b"--a--",
        b'before--a\r\nContent-Disposition: form-data; name="x"\r\n\r\nx\r\n--a--',
    ],
)
def test_a_form_that_is_none_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        parse(raw, "a")


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/mixed; boundary=a", "text/plain", ""])
def test_what_is_no_form_with_attachments_is_not_taken_for_one(content_type: str) -> None:
    assert boundary(content_type) is None
