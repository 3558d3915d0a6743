"""The conversation of a ticket as agents see it: comments, internal ones too, and events, in one order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from server_stub.store.tables import agents, comment_attachments, comments, events, links, tickets


@dataclass(frozen=True, slots=True)
class Shown:
    """An attachment of a comment. `received_at` is None while it is on its way."""

    position: int
    sha256: str
    bytes: int
    name: str
    media_type: str
    received_at: datetime | None


@dataclass(frozen=True, slots=True)
class Said:
    """A comment. `agent_name` is None where the requester wrote it."""

    id: str
    change: int
    at: datetime
    agent_name: str | None
    text: str
    is_internal: bool
    is_thanks: bool
    attachments: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Happened:
    """An event. Without an agent and not by the requester, it happened by itself."""

    change: int
    at: datetime
    kind: str
    agent_name: str | None
    is_requester: bool
    text: str


@dataclass(frozen=True, slots=True)
class Linked:
    """Another ticket: `is_later` where that one goes on, and not this one."""

    id: str
    number: int
    is_later: bool


def history(connection: Connection, ticket_id: str) -> tuple[Said | Happened, ...]:
    """All of it, the oldest first; of one change, what was said comes before what it did."""
    said, happened = _said(connection, ticket_id), _happened(connection, ticket_id)
    return tuple(sorted((*said, *happened), key=lambda each: (each.change, isinstance(each, Happened))))


def linked(connection: Connection, ticket_id: str) -> tuple[Linked, ...]:
    """The tickets that this one continues, or that continue it."""
    query = (
        select(tickets.c.id, tickets.c.number, links.c.other_id)
        .join(links, or_(links.c.ticket_id == tickets.c.id, links.c.other_id == tickets.c.id))
        .where(or_(links.c.ticket_id == ticket_id, links.c.other_id == ticket_id), tickets.c.id != ticket_id)
        .where(tickets.c.deleted_at.is_(None))
        .order_by(tickets.c.number)
    )
    return tuple(Linked(row.id, row.number, row.other_id == ticket_id) for row in connection.execute(query))


def attachment_of_comment(connection: Connection, ticket_id: str, comment_id: str, position: int) -> Shown | None:
    """One attachment of a comment, for a link that was signed."""
    query = select(comment_attachments).where(
        comment_attachments.c.ticket_id == ticket_id,
        comment_attachments.c.comment_id == comment_id,
        comment_attachments.c.position == position,
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    return Shown(row.position, row.sha256, row.bytes, row.name, row.media_type, row.received_at)


def _said(connection: Connection, ticket_id: str) -> list[Said]:
    parts: dict[str, list[Shown]] = defaultdict(list)
    query = select(comment_attachments).where(comment_attachments.c.ticket_id == ticket_id)
    for row in connection.execute(query.order_by(comment_attachments.c.position)):
        shown = Shown(row.position, row.sha256, row.bytes, row.name, row.media_type, row.received_at)
        parts[row.comment_id].append(shown)
    rows = connection.execute(
        select(comments, agents.c.name.label("agent_name"))
        .outerjoin(agents, agents.c.id == comments.c.agent_id)
        .where(comments.c.ticket_id == ticket_id)
    )
    return [
        Said(row.id, row.change, row.at, row.agent_name, row.text, row.is_internal, row.is_thanks, tuple(parts[row.id]))
        for row in rows
    ]


def _happened(connection: Connection, ticket_id: str) -> list[Happened]:
    rows = connection.execute(
        select(events, agents.c.name.label("agent_name"))
        .outerjoin(agents, agents.c.id == events.c.agent_id)
        .where(events.c.ticket_id == ticket_id)
    )
    return [Happened(row.change, row.at, row.kind, row.agent_name, row.is_requester, row.text) for row in rows]
