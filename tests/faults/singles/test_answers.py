"""Every answer that a server, or what stands before it, can give: nothing of it deletes, delivers or hides a report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from client.core.desk import Credential
from client.core.errors import DeskError, Problem
from client.core.events import Accepted, Delivered, NeedsAttention, Waiting
from client.core.http import Http
from client.core.manifest import digest
from client.desks.deskbell import DeskbellServer
from tests.core.answering import Answering, Asked, answering, http
from tests.core.workshop import Workshop, shot

CREDENTIAL = Credential("7b6f2a3e-0000-4000-8000-000000000001", "s" * 43)
OTHER_ID = "00000000-0000-4000-8000-000000000000"
Answer = Callable[[Asked], bytes]


@pytest.fixture
def server() -> Iterator[Answering]:
    with answering() as told:
        yield told


@pytest.fixture
def shop(tmp_path: Path, server: Answering) -> Workshop:
    """The core with its own desk over a real socket."""
    http = Http(server.url, user_agent="deskbell/test", language="en", proxies=dict)
    return Workshop(tmp_path / "profile", DeskbellServer(http, lambda: CREDENTIAL, "deskbell test"))


def error(code: str, **more: str) -> bytes:
    return json.dumps({"error": {"code": code, "title": "Title", "detail": "Detail", **more}}).encode()


def ours(asked: Asked, **changes: Any) -> bytes:
    """The answer of a server of ours that has everything."""
    if asked.method == "GET":
        return http(200, b'{"status": "ok", "service": "deskbell"}')
    if "/devices/" in asked.path:
        return http(200, json.dumps({"device_id": CREDENTIAL.device_id, "site": {"name": "Example"}}).encode())
    report_id = asked.path.split("/")[4]
    _, is_whole, length = asked.headers["Content-Type"].partition("; manifest=")
    receipt = {
        "report_id": report_id,
        "manifest_sha256": digest(asked.body[: int(length)] if is_whole else asked.body),
        "ticket": {"id": report_id, "number": 1001, "status": "new"},
        "missing": [],
    }
    return http(201, json.dumps({**receipt, **changes}).encode())


BODIES = {
    "empty": (b"", "application/json"),
    "ours": (error("some_code"), "application/json"),
    "json": (b'{"ok": true, "ticket": {"number": 7}}', "application/json"),
    "page": (b"<html><title>Sign in</title>", "text/html"),
    "wrong charset": (error("some_code").decode().encode("utf-16"), "application/json; charset=utf-8"),
}


@pytest.mark.parametrize("body", BODIES)
def test_no_status_with_any_body_deletes_or_delivers_a_report(shop: Workshop, server: Answering, body: str) -> None:
    draft = shop.report("printer jams", shot())
    whole = _content(shop, draft.report_id)
    for status in range(100, 600):
        server.answer = http(status, *BODIES[body])
        shop.restart()
        shop.deliver()
        assert _content(shop, draft.report_id) == whole, status
        if shop.places() == {draft.report_id: "attention"}:
            shop.spool.release(draft.report_id)
    assert len(server.asked) >= 500
    assert not shop.told(Delivered)
    assert not shop.told(Accepted)
    server.answer = ours
    shop.restart()
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent"}


def _content(shop: Workshop, report_id: str) -> dict[str, bytes]:
    (place,) = [place for each, place in shop.places().items() if each == report_id]
    folder = shop.spool.root / place / report_id
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "problem.json"}


@pytest.mark.parametrize(
    ("status", "code", "place"),
    [
        (401, "sign_in", "outbox"),
        (403, "revoked", "outbox"),
        (403, "unknown_site", "outbox"),
        (409, "device_taken", "attention"),
        (422, "report_differs", "attention"),
        (503, "unavailable", "outbox"),
        (507, "storage_full", "outbox"),
    ],
)
def test_the_same_answer_for_hours_keeps_the_report_where_it_can_be_seen(
    shop: Workshop, server: Answering, status: int, code: str, place: str
) -> None:
    server.answer = http(status, error(code))
    draft = shop.report("printer jams", shot())
    shop.deliver(6 * 3600)
    assert shop.places() == {draft.report_id: place}
    told = shop.told(NeedsAttention) if place == "attention" else shop.told(Waiting)
    assert told[0].problem == Problem(code, "Title", "Detail")  # type: ignore[attr-defined]
    assert len(server.asked) <= (24 * 12 + 50) * (
        2 if code == "sign_in" else 1
    )  # a try each five minutes, and one after enrolling
    state = shop.outbox.state()
    assert (state.waiting, state.attention) == ((1, 0) if place == "outbox" else (0, 1))


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("0", 1, 10),
        ("1000000000", 3600, 3610),
        ("-5", 1, 10),
        ("abc", 60, 70),
        ("Wed, 21 Oct 1990 07:28:00 GMT", 60, 70),
        ("Fri, 31 Dec 2199 23:59:59 GMT", 60, 70),
        ("9" * 5000, 60, 3610),
        ("", 60, 70),
    ],
    ids=["0", "1e9", "-5", "abc", "past date", "far future date", "5000 digits", "empty"],
)
def test_a_throttling_server_is_asked_again_within_reason(
    shop: Workshop, server: Answering, header: str, least: float, most: float
) -> None:
    times: list[float] = []

    def throttle(asked: Asked) -> bytes:
        times.append(shop.clockwork.now)
        return http(429, error("too_many_reports"), Retry_After=header) if len(times) == 1 else ours(asked)

    server.answer = throttle
    draft = shop.report()
    shop.deliver(4000)
    assert shop.places() == {draft.report_id: "sent"}
    assert least <= times[1] - times[0] <= most


@pytest.mark.parametrize(
    "changes",
    [
        {"report_id": OTHER_ID},
        {"manifest_sha256": "0" * 64},
        {"manifest_sha256": None},
        {"missing": ["f" * 64]},
        {"missing": None},
        {"missing": "abc"},
        {"ticket": None},
        {"ticket": {"id": "x", "number": "many", "status": "new"}},
        {"ticket": {"id": "x", "status": "new"}},
    ],
    ids=lambda changes: "-".join(f"{key} {type(value).__name__}" for key, value in changes.items()),
)
def test_a_receipt_for_something_else_is_none(shop: Workshop, server: Answering, changes: dict[str, Any]) -> None:
    server.answer = lambda asked: ours(asked, **changes)
    draft = shop.report()
    shop.deliver(600)
    assert shop.places() == {draft.report_id: "outbox"}
    assert not shop.told(Delivered)
    assert shop.told(Waiting)[-1].problem.code == "not_our_server"


def test_a_receipt_that_a_cache_kept_is_not_taken_for_the_new_one(shop: Workshop, server: Answering) -> None:
    draft = shop.report("printer jams", shot())
    (picture,) = draft.pictures
    stale: list[bytes] = []

    def cached(asked: Asked) -> bytes:
        if not stale:
            stale.append(ours(asked, missing=[picture.sha256]))
        return stale[0]

    server.answer = cached
    shop.deliver(600)
    assert shop.places() == {draft.report_id: "outbox"}
    assert not shop.told(Delivered)


def test_a_ticket_that_vanished_between_report_and_picture_is_made_again(
    shop: Workshop, server: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server was restored from a backup in that moment."""
    monkeypatch.setattr("client.core.delivery.WHOLE_BYTES", 0, raising=False)
    draft = shop.report("printer jams", shot())
    (picture,) = draft.pictures
    asked_for: list[str] = []

    def forgetful(asked: Asked) -> bytes:
        asked_for.append("picture" if "attachments" in asked.path else "report")
        if asked_for[-1] == "report":
            submitted.append(digest(asked.body))
            return ours(asked, missing=[picture.sha256])
        if len(asked_for) == 2:
            return http(404, error("not_found"))
        return ours(asked, manifest_sha256=submitted[-1])

    submitted: list[str] = []
    server.answer = forgetful
    shop.deliver(600)
    assert shop.places() == {draft.report_id: "sent"}
    assert asked_for == ["report", "picture", "report", "picture"]
    assert not shop.told(NeedsAttention)


@pytest.mark.parametrize(
    "words",
    ["\x1b[2J\x1b[31mred", "a\r\nb", "a\x00b", "a\u202eb", "<b>" * 5000, "\ud800"],
    ids=["escapes", "lines", "NUL", "right to left", "markup", "surrogate"],
)
def test_what_a_server_says_reaches_people_as_plain_short_text(shop: Workshop, server: Answering, words: str) -> None:
    server.answer = http(422, error("invalid", title=words, detail=words))
    draft = shop.report()
    shop.deliver()
    for problem in (shop.told(NeedsAttention)[0].problem, shop.spool.problem(draft.report_id)):
        assert problem
        said = problem.title + problem.detail
        assert len(said) < 1500
        assert said.isprintable()


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b"{}",
        b'{"site": {"name": 7}, "phone": 5500, "on_duty": [], "categories": [], "first_answer_s": "soon"}',
        b'{"site": {"name": "A"}, "phone": null, "on_duty": null, "categories": [], "first_answer_s": null}',
        b'{"site": {"name": "A"}, "phone": null, "on_duty": ["Anna"], "categories": [], "first_answer_s": null}',
        b'{"site": {"name": "A"}, "phone": null, "on_duty": [], "categories": {"a": 1}, "first_answer_s": null}',
        b'{"site": {"name": "A"}, "phone": null, "on_duty": [], "categories": [], "first_answer_s": 1e999}',
        b"[" * 100_000,
    ],
    ids=range(9),
)
def test_a_desk_that_says_nonsense_of_itself_stops_nothing(shop: Workshop, server: Answering, body: bytes) -> None:
    server.answer = lambda asked: http(200, body) if asked.path == "/api/v1/desk" else ours(asked)
    shop.engine.refresh_desk()
    draft = shop.report()
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent"}
    info = shop.engine.desk()
    shop.restart()
    assert shop.engine.desk() == info
    if info:
        assert all(isinstance(text, str) for text in (info.name, info.phone or "", *info.on_duty))


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Mon, 23 Nov 2026 09:41:07 GMT", datetime(2026, 11, 23, 9, 41, 7, tzinfo=UTC)),
        ("Sat, 31 Dec 2016 23:59:60 GMT", None),
        ("yesterday", None),
        ("Mon, 99 Nov 99999 99:99:99 GMT", None),
        ("", None),
        ("\xff\xfe", None),
    ],
    ids=["sound", "leap second", "words", "out of range", "empty", "no text"],
)
def test_a_date_that_makes_no_sense_is_none(
    shop: Workshop, server: Answering, date: str, expected: datetime | None
) -> None:
    server.answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 23\r\nDate: "
        + date.encode("latin-1")
        + b'\r\n\r\n{"service": "deskbell"}'
    )
    assert shop.desk
    assert shop.desk.probe() == expected


@pytest.mark.parametrize("answer", ["page", "another service", "redirect", "empty"])
def test_a_probe_is_only_believed_from_the_desk_itself(shop: Workshop, server: Answering, answer: str) -> None:
    server.answer = {
        "page": http(200, b"<html>ok</html>", "text/html"),
        "another service": http(200, b'{"service": "something else", "status": "ok"}'),
        "redirect": http(302, b"", Location="https://elsewhere.example"),
        "empty": http(200, b""),
    }[answer]
    assert shop.desk
    with pytest.raises(DeskError):
        shop.desk.probe()


def test_an_enrolment_that_somebody_else_confirms_is_none(shop: Workshop, server: Answering) -> None:
    from client.core.errors import NotOurServer

    server.answer = http(200, json.dumps({"device_id": OTHER_ID}).encode())
    assert isinstance(shop.desk, DeskbellServer)
    with pytest.raises(NotOurServer):
        shop.desk.enrol(CREDENTIAL, "dbk_any")
