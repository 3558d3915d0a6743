"""A ticket as the text that lies in the cache."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from client.core.manifest import is_digest
from client.core.models import Comment, Enclosure, Person, Rating, Status, Ticket, TicketEvent, TicketLink


def encode(ticket: Ticket) -> str:
    """The same ticket gives the same text."""
    return json.dumps(asdict(ticket), ensure_ascii=False, default=datetime.isoformat)


def decode(text: str) -> Ticket:
    """What `encode` wrote. Raises ValueError where it is not that any more."""
    try:
        return _ticket(json.loads(text))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a ticket: {error!r}") from error


def _ticket(body: Mapping[str, Any]) -> Ticket:
    plain = {name: body[name] for name in ("id", "number", "text", "category", "blocking", "agent")}
    return Ticket(
        **plain,
        status=Status(body["status"]),
        created_at=datetime.fromisoformat(body["created_at"]),
        updated_at=datetime.fromisoformat(body["updated_at"]),
        picked_up_at=_time(body["picked_up_at"]),
        closes_at=_time(body["closes_at"]),
        missing=tuple(body["missing"]),
        links=tuple(TicketLink(**item) for item in body["links"]),
        rating=Rating(**body["rating"]) if body["rating"] else None,
        comments=tuple(_comment(item) for item in body["comments"]),
        events=tuple(_event(item) for item in body["events"]),
        attachments=tuple(_enclosure(item) for item in body["attachments"]),
    )


def _comment(body: Mapping[str, Any]) -> Comment:
    return Comment(
        id=body["id"],
        at=datetime.fromisoformat(body["at"]),
        author=Person(**body["author"]),
        text=body["text"],
        is_thanks=body["is_thanks"],
        attachments=tuple(_enclosure(item) for item in body["attachments"]),
    )


def _enclosure(body: Mapping[str, Any]) -> Enclosure:
    if not is_digest(body["sha256"]):  # it becomes the name of a file
        raise ValueError("attachment without a SHA-256")
    return Enclosure(**body)


def _event(body: Mapping[str, Any]) -> TicketEvent:
    by = Person(**body["by"]) if body["by"] else None
    return TicketEvent(body["id"], datetime.fromisoformat(body["at"]), body["kind"], by, body["text"])


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
