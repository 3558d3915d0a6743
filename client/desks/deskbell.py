"""Deskbell's own server (docs/api.md)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote

from client.core import faults
from client.core.desk import Credential
from client.core.errors import NotOurServer
from client.core.http import Http
from client.core.models import (
    Attachment,
    Category,
    Changes,
    Comment,
    DeskInfo,
    Enclosure,
    Incident,
    Operation,
    Person,
    Rating,
    Receipt,
    Status,
    Ticket,
    TicketEvent,
    TicketLink,
)

T = TypeVar("T")
_WHOLE_REPORT = "application/vnd.deskbell.report"  # the manifest, then its attachments, in one request
_LARGEST_CHANGES = 16 * 1024 * 1024  # of an answer: up to fifty tickets with all that was said about them
_LARGEST_ATTACHMENT = 32 * 1024 * 1024
_LONGEST_TEXT = 100_000  # characters
_LONGEST_NAME = 300
_LONGEST_LIST = 5_000
_TICKET_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_STRANGE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


class DeskbellServer:
    """Stateless: credentials are asked for at each call."""

    def __init__(self, http: Http, credential: Callable[[], Credential], client: str) -> None:
        self._http = http
        self._credential = credential
        self._client = client

    def submit(self, report_id: str, manifest: bytes, blobs: Sequence[bytes] = ()) -> Receipt:
        path = f"/api/v1/tickets/{report_id}"
        if not blobs:
            return _receipt(self._http.put(path, manifest, bearer=self._bearer()).body)
        body = b"".join((manifest, *blobs))
        media_type = f"{_WHOLE_REPORT}; manifest={len(manifest)}"
        return _receipt(self._http.put(path, body, media_type=media_type, bearer=self._bearer()).body)

    def attach(self, report_id: str, attachment: Attachment, data: bytes) -> Receipt:
        path = f"/api/v1/tickets/{report_id}/attachments/{attachment.sha256}"
        return _receipt(self._http.put(path, data, media_type="application/octet-stream", bearer=self._bearer()).body)

    def comment(self, operation: Operation, body: bytes) -> Receipt:
        return self._put_operation("comments", operation, body)

    def operate(self, operation: Operation, body: bytes) -> Receipt:
        return self._put_operation("operations", operation, body)

    def changes(self, cursor: str | None, wait_s: float) -> Changes | None:
        asked = [f"cursor={quote(cursor, safe='')}"] if cursor else []
        asked += [f"wait={round(wait_s)}"] if wait_s >= 1 else []
        answer = self._http.get(
            "/api/v1/changes" + ("?" + "&".join(asked) if asked else ""),
            bearer=self._bearer(),
            wait_s=wait_s,
            most=_LARGEST_CHANGES,
        )
        return None if answer.status == 304 else _read(_changes, answer.body)

    def stop_waiting(self) -> None:
        self._http.stop_waiting()

    def ticket(self, ticket_id: str) -> Ticket:
        ticket = _read(_ticket, self._http.get(f"/api/v1/tickets/{ticket_id}", bearer=self._bearer()).body)
        if ticket.id != ticket_id:
            raise _strange()
        return ticket

    def attachment(self, ticket_id: str, sha256: str) -> bytes:
        path = f"/api/v1/tickets/{ticket_id}/attachments/{sha256}"
        data: object = self._http.get_bytes(path, most=_LARGEST_ATTACHMENT, bearer=self._bearer()).body
        if not isinstance(data, bytes) or hashlib.sha256(data).hexdigest() != sha256:
            raise _strange()
        return data

    def info(self) -> DeskInfo:
        body = self._http.get("/api/v1/desk", bearer=self._bearer()).body
        try:
            return DeskInfo(
                name=str(body["site"]["name"]),
                phone=str(body["phone"]) if body["phone"] else None,
                on_duty=tuple(str(agent["name"]) for agent in body["on_duty"]),
                first_answer_s=body["first_answer_s"] if isinstance(body["first_answer_s"], int) else None,
                categories=tuple(Category(str(item["id"]), str(item["label"])) for item in body["categories"]),
                incidents=tuple(_incident(item) for item in body.get("incidents", ())),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _strange() from error

    def probe(self) -> datetime | None:
        answer = self._http.get("/healthz")
        if not isinstance(answer.body, dict) or answer.body.get("service") != "deskbell":
            raise _strange()
        try:
            told_at = parsedate_to_datetime(answer.date) if answer.date else None
        except ValueError:
            return None
        return told_at.replace(tzinfo=UTC) if told_at and told_at.tzinfo is None else told_at

    def enrol(self, credential: Credential, site_key: str) -> None:
        body = {"site_key": site_key, "client": self._client}
        answer = self._http.put(
            f"/api/v1/devices/{credential.device_id}", json.dumps(body).encode(), bearer=_bearer(credential)
        ).body
        if not isinstance(answer, dict) or answer.get("device_id") != credential.device_id:
            raise _strange()

    def _put_operation(self, road: str, operation: Operation, body: bytes) -> Receipt:
        path = f"/api/v1/tickets/{operation.report_id}/{road}/{operation.id}"
        return _read(_operation_receipt, self._http.put(path, body, bearer=self._bearer()).body)

    def _bearer(self) -> str:
        return _bearer(self._credential())


def _bearer(credential: Credential) -> str:
    return f"{credential.device_id}.{credential.secret}"


def _receipt(body: Any) -> Receipt:
    try:
        return Receipt(
            report_id=str(body["report_id"]),
            manifest_sha256=str(body["manifest_sha256"]),
            ticket_id=str(body["ticket"]["id"]),
            ticket_number=int(body["ticket"]["number"]),
            status=str(body["ticket"]["status"]),
            missing=tuple(str(sha256) for sha256 in body["missing"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _strange() from error


def _operation_receipt(body: Any) -> Receipt:
    return Receipt(
        report_id=_name(body["report_id"]),
        manifest_sha256=_name(body["body_sha256"]),
        ticket_id=_matching(_TICKET_ID, body["ticket"]["id"]),
        ticket_number=_number(body["ticket"]["number"]),
        status=Status(body["ticket"]["status"]).value,
        missing=_each(_name, body["missing"]),
        operation_id=_name(body["id"]),
    )


def _incident(item: dict[str, object]) -> Incident:
    return Incident(int(str(item["id"])), str(item["title"]), str(item["text"]), str(item["since"]))


# Tickets: whoever sends one that is not exactly of the agreed shape is not our server.


def _changes(body: Any) -> Changes:
    return Changes(
        cursor=_name(body["cursor"]),
        tickets=_each(_ticket, body["tickets"]),
        has_more=_flag(body["more"]),
        is_reset=_flag(body.get("reset", False)),
    )


def _ticket(body: Any) -> Ticket:
    agent, rating = body["agent"], body["rating"]
    return Ticket(
        id=_matching(_TICKET_ID, body["id"]),
        number=_number(body["number"]),
        status=Status(body["status"]),
        text=_text(body["text"]),
        category=_name(body["category"]) if body["category"] is not None else None,
        blocking=_flag(body["blocking"]),
        created_at=_time(body["created_at"]),
        updated_at=_time(body["updated_at"]),
        agent=_name(agent["name"]) if agent is not None else None,
        picked_up_at=_time(body["picked_up_at"]) if body["picked_up_at"] is not None else None,
        closes_at=_time(body["closes_at"]) if body["closes_at"] is not None else None,
        missing=_each(_name, body["missing"]),
        links=_each(lambda link: TicketLink(_matching(_TICKET_ID, link["id"]), _number(link["number"])), body["links"]),
        rating=Rating(_stars(rating["stars"]), _text(rating["text"] or "")) if rating is not None else None,
        comments=_each(_comment, body["comments"]),
        events=_each(_event, body["events"]),
        attachments=_each(_enclosure, body["attachments"]),
    )


def _comment(body: Any) -> Comment:
    return Comment(
        id=_id(body["id"]),
        at=_time(body["at"]),
        author=_person(body["author"]),
        text=_text(body["text"]),
        is_thanks=_flag(body["is_thanks"]),
        attachments=_each(_enclosure, body["attachments"]),
    )


def _event(body: Any) -> TicketEvent:
    by = _person(body["by"]) if body["by"] is not None else None
    return TicketEvent(_id(body["id"]), _time(body["at"]), _name(body["kind"]), by, _text(body["text"] or ""))


def _person(body: Any) -> Person:
    return Person(_name(body["name"]), _flag(body["is_me"]))


def _enclosure(body: Any) -> Enclosure:
    return Enclosure(
        sha256=_matching(_SHA256, body["sha256"]),
        size_bytes=_number(body["bytes"]),
        name=_name(body["name"]),
        media_type=_name(body["media_type"]),
        is_here=_flag(body.get("is_here", True)),
    )


def _read(shape: Callable[[Any], T], body: Any) -> T:
    try:
        return shape(body)
    except _STRANGE as error:
        raise _strange() from error


def _each(shape: Callable[[Any], T], body: Any) -> tuple[T, ...]:
    if not isinstance(body, list) or len(body) > _LONGEST_LIST:
        raise ValueError("no list, or too long a one")
    return tuple(shape(item) for item in body)


def _text(value: Any, longest: int = _LONGEST_TEXT) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError("no text, or too long a one")
    return value


def _name(value: Any) -> str:
    return _text(value, _LONGEST_NAME)


def _id(value: Any) -> str:
    return str(value) if isinstance(value, int) else _name(value)


def _matching(form: re.Pattern[str], value: Any) -> str:
    if not form.fullmatch(_name(value)):
        raise ValueError("not of the form that it should have")
    return str(value)


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise ValueError("no number")
    return value


def _stars(value: Any) -> int:
    if _number(value) not in range(1, 6):
        raise ValueError("no rating")
    return int(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def _time(value: Any) -> datetime:
    moment = datetime.fromisoformat(_name(value))
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment.astimezone(UTC)


def _strange() -> NotOurServer:
    return NotOurServer(faults.stranger())
