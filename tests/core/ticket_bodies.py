"""Tickets as our server writes them."""

from __future__ import annotations

from typing import Any

TICKET_ID = "6f1c2d3e-0000-4000-8000-000000000001"
ME = {"name": "Anna Kern", "is_me": True}
AGENT = {"name": "Bo Lind", "is_me": False}
PICTURE = {"sha256": "ab" * 32, "bytes": 5, "name": "shot.png", "media_type": "image/png", "is_here": True}


def ticket(ticket_id: str = TICKET_ID, number: int = 1042, **changes: Any) -> dict[str, Any]:
    return {
        "id": ticket_id,
        "number": number,
        "status": "new",
        "text": "printer jams",
        "category": "printer",
        "blocking": False,
        "created_at": "2026-11-23T09:41:07Z",
        "updated_at": "2026-11-23T09:41:07Z",
        "agent": None,
        "picked_up_at": None,
        "closes_at": None,
        "missing": [],
        "links": [],
        "rating": None,
        "comments": [],
        "events": [event("e1", "filed", by=ME)],
        "attachments": [],
        **changes,
    }


def comment(comment_id: str, text: str = "Which printer?", **changes: Any) -> dict[str, Any]:
    body = {"id": comment_id, "at": "2026-11-23T10:00:00Z", "author": AGENT, "text": text, "is_thanks": False}
    return {**body, "attachments": [], **changes}


def event(event_id: str, kind: str, **changes: Any) -> dict[str, Any]:
    return {"id": event_id, "at": "2026-11-23T09:50:00Z", "kind": kind, "by": AGENT, "text": "", **changes}


def changes(*tickets: dict[str, Any], cursor: str = "c1", more: bool = False, **others: Any) -> dict[str, Any]:
    return {"cursor": cursor, "more": more, "tickets": list(tickets), **others}
