"""What our server tells of tickets, over real sockets: words and shapes, and nothing that is not of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from client.core.desk import Credential
from client.core.errors import NotOurServer, Rejected
from client.core.http import Http
from client.core.models import (
    Changes,
    Comment,
    Enclosure,
    Operation,
    OperationKind,
    Person,
    Receipt,
    Status,
    TicketEvent,
    TicketLink,
)
from client.desks.deskbell import DeskbellServer
from tests.core.answering import Answering, answering, http
from tests.core.ticket_bodies import PICTURE, TICKET_ID, changes, comment, event, ticket

COMMENT_ID = "6f1c2d3e-0000-4000-8000-0000000000c1"
REPLY = Operation(COMMENT_ID, TICKET_ID, OperationKind.COMMENT, datetime(2026, 11, 23, tzinfo=UTC), "de", "Floor 3")


@pytest.fixture
def server() -> Iterator[Answering]:
    with answering() as told:
        yield told


@pytest.fixture
def desk(server: Answering) -> DeskbellServer:
    line = Http(server.url, user_agent="deskbell/test", language="de", proxies=dict)
    return DeskbellServer(line, lambda: Credential("7b6f2a3e-0000-4000-8000-000000000001", "s" * 43), "deskbell test")


def answer(body: Any) -> bytes:
    return http(200, json.dumps(body).encode())


def test_a_ticket_is_read_with_all_that_was_said_and_done(server: Answering, desk: DeskbellServer) -> None:
    server.answer = answer(
        ticket(
            status="pending",
            agent={"name": "Bo Lind"},
            picked_up_at="2026-11-23T09:50:00+01:00",
            links=[{"id": COMMENT_ID, "number": 7}],
            rating={"stars": 4, "text": None},
            comments=[comment("c1", attachments=[PICTURE])],
            events=[event("e2", "closed", by=None), event("e3", "something new", text="words")],
            attachments=[PICTURE],
            newer="and what a newer server adds",
        )
    )
    found = desk.ticket(TICKET_ID)
    assert server.asked[0].path == f"/api/v1/tickets/{TICKET_ID}"
    assert (found.number, found.status, found.agent) == (1042, Status.PENDING, "Bo Lind")
    assert found.picked_up_at == datetime(2026, 11, 23, 8, 50, tzinfo=UTC)
    assert found.links == (TicketLink(COMMENT_ID, 7),)
    picture = Enclosure("ab" * 32, 5, "shot.png", "image/png")
    at = datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert found.comments == (Comment("c1", at, Person("Bo Lind"), "Which printer?", False, (picture,)),)
    assert found.events[0].by is None
    assert found.events[1] == TicketEvent("e3", found.events[0].at, "something new", Person("Bo Lind"), "words")
    assert found.attachments == (picture,)


def test_changes_are_asked_for_by_cursor_and_may_be_waited_for(server: Answering, desk: DeskbellServer) -> None:
    server.answer = answer(changes(ticket(), cursor="a b&c", more=True, reset=True))
    found = desk.changes(None, 0)
    assert found == Changes("a b&c", (desk_ticket(found),), has_more=True, is_reset=True)
    server.answer = http(304)
    assert desk.changes("a b&c", 50.4) is None
    paths = [each.path for each in server.asked]
    assert paths == ["/api/v1/changes", "/api/v1/changes?cursor=a%20b%26c&wait=50"]


def desk_ticket(found: Changes | None) -> Any:
    assert found
    return found.tickets[0]


def test_comments_and_other_operations_have_a_receipt_that_names_them(server: Answering, desk: DeskbellServer) -> None:
    told = {"id": TICKET_ID, "number": 1042, "status": "open"}
    body = {"report_id": TICKET_ID, "id": COMMENT_ID, "body_sha256": "cd" * 32, "ticket": told, "missing": ["ab" * 32]}
    server.answer = answer(body)
    receipt = Receipt(TICKET_ID, "cd" * 32, TICKET_ID, 1042, "open", ("ab" * 32,), COMMENT_ID)
    assert desk.comment(REPLY, b"{...}") == receipt
    assert desk.operate(REPLY, b"{...}") == receipt
    roads = [(each.method, each.path.rpartition(TICKET_ID)[2], each.body) for each in server.asked]
    assert roads == [("PUT", f"/{road}/{COMMENT_ID}", b"{...}") for road in ("comments", "operations")]


def test_the_bytes_of_an_attachment_are_those_that_were_asked_for(server: Answering, desk: DeskbellServer) -> None:
    data = b"\x89PNG and more"
    sha256 = hashlib.sha256(data).hexdigest()
    server.answer = http(200, data, "image/png")
    assert desk.attachment(TICKET_ID, sha256) == data
    server.answer = http(200, b"<html>please sign in</html>", "text/html")
    with pytest.raises(NotOurServer):
        desk.attachment(TICKET_ID, sha256)
    server.answer = http(404, json.dumps({"error": {"code": "not_found", "title": "No"}}).encode())
    with pytest.raises(Rejected):
        desk.attachment(TICKET_ID, sha256)


STRANGE: list[Callable[[dict[str, Any]], Any]] = [
    lambda body: [],
    lambda body: None,
    lambda body: {**body, "status": "lost"},
    lambda body: {**body, "id": "../../x"},
    lambda body: {**body, "id": COMMENT_ID},
    lambda body: {**body, "number": True},
    lambda body: {**body, "number": "1042"},
    lambda body: {**body, "number": 2**70},
    lambda body: {**body, "number": float("nan")},
    lambda body: {**body, "text": None},
    lambda body: {**body, "text": "x" * 100_001},
    lambda body: {**body, "blocking": 1},
    lambda body: {**body, "created_at": "2026-11-23T09:41:07"},
    lambda body: {**body, "created_at": "yesterday"},
    lambda body: {**body, "created_at": "0001-01-01T00:00:00+23:00"},
    lambda body: {**body, "agent": "Bo Lind"},
    lambda body: {**body, "rating": {"stars": 9, "text": ""}},
    lambda body: {**body, "comments": {"c1": comment("c1")}},
    lambda body: {**body, "comments": [comment("c1", author=None)]},
    lambda body: {**body, "comments": [comment("c1", attachments=[{**PICTURE, "sha256": "/etc/passwd"}])]},
    lambda body: {**body, "events": [event("e1", "solved", by="Bo Lind")]},
    lambda body: {**body, "events": [event("e1", "solved")] * 5_001},
    lambda body: {name: value for name, value in body.items() if name != "updated_at"},
]


@pytest.mark.parametrize("strange", STRANGE)
def test_what_is_not_exactly_a_ticket_is_not_our_servers(
    server: Answering, desk: DeskbellServer, strange: Callable[[dict[str, Any]], Any]
) -> None:
    server.answer = answer(strange(ticket()))
    with pytest.raises(NotOurServer):
        desk.ticket(TICKET_ID)


@pytest.mark.parametrize("without", ["cursor", "more", "tickets"])
def test_changes_that_lack_something_are_not_our_servers(server: Answering, desk: DeskbellServer, without: str) -> None:
    body = changes(ticket())
    del body[without]
    server.answer = answer(body)
    with pytest.raises(NotOurServer):
        desk.changes("c0", 0)
