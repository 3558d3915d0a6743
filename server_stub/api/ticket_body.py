"""A ticket as a device is told of it."""

from __future__ import annotations

from typing import Any

from server_stub.api.schema import rfc3339
from server_stub.store.own import Author, OwnAttachment, OwnComment, OwnEvent, OwnTicket


def told(ticket: OwnTicket) -> dict[str, Any]:
    """The body of an answer."""
    return {
        "id": ticket.id,
        "number": ticket.number,
        "status": ticket.status,
        "text": ticket.text,
        "category": ticket.category,
        "blocking": ticket.blocking,
        "created_at": rfc3339(ticket.created_at),
        "updated_at": rfc3339(ticket.updated_at),
        "agent": {"name": ticket.agent_name} if ticket.agent_name else None,
        "picked_up_at": rfc3339(ticket.picked_up_at) if ticket.picked_up_at else None,
        "closes_at": rfc3339(ticket.closes_at) if ticket.closes_at else None,
        "rating": {"stars": ticket.rating_stars, "text": ticket.rating_text or ""} if ticket.rating_stars else None,
        "links": [{"id": link.id, "number": link.number} for link in ticket.links],
        "comments": [_comment(comment) for comment in ticket.comments],
        "events": [_event(event) for event in ticket.events],
        "attachments": [_attachment(part) for part in ticket.attachments],
        "missing": list(ticket.missing),
    }


def _comment(comment: OwnComment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "at": rfc3339(comment.at),
        "author": _author(comment.author),
        "text": comment.text,
        "is_thanks": comment.is_thanks,
        "attachments": [_attachment(part) for part in comment.attachments],
    }


def _event(event: OwnEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "at": rfc3339(event.at),
        "kind": event.kind,
        "by": _author(event.by) if event.by else None,
        "text": event.text,
    }


def _attachment(part: OwnAttachment) -> dict[str, Any]:
    return {
        "sha256": part.sha256,
        "bytes": part.bytes,
        "name": part.name,
        "media_type": part.media_type,
        "is_here": part.is_here,
    }


def _author(author: Author) -> dict[str, Any]:
    return {"name": author.name, "is_me": author.is_me}
