"""Tickets as the devices that reported them read them. Whose they are is decided inside the SQL.

Nothing internal is read here at all: what is not selected cannot be told.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, and_, bindparam, or_, select

from server_stub.errors import NotFound
from server_stub.store.database import Database
from server_stub.store.tables import (
    agents,
    attachments,
    comment_attachments,
    comments,
    events,
    links,
    manifests,
    tickets,
)


@dataclass(frozen=True, slots=True)
class Author:
    """Who said or did something."""

    name: str
    is_me: bool


@dataclass(frozen=True, slots=True)
class OwnAttachment:
    """An attachment. `name` and `media_type` are what was claimed."""

    sha256: str
    bytes: int
    name: str
    media_type: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class OwnComment:
    """A comment that the requester may read."""

    id: str
    at: datetime
    author: Author
    text: str
    is_thanks: bool
    attachments: tuple[OwnAttachment, ...]


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """Something that happened; `by` is None where it happened by itself."""

    id: str
    at: datetime
    kind: str
    by: Author | None
    text: str


@dataclass(frozen=True, slots=True)
class OwnLink:
    """Another ticket of the same device that this one continues, or that continues this one."""

    id: str
    number: int


@dataclass(frozen=True, slots=True)
class OwnTicket:
    """A ticket with all that became of it. `missing` holds digests of the report, in the order of its manifest."""

    id: str
    number: int
    changed: int
    status: str
    text: str
    category: str | None
    blocking: bool
    created_at: datetime
    updated_at: datetime
    agent_name: str | None
    picked_up_at: datetime | None
    closes_at: datetime | None
    rating_stars: int | None
    rating_text: str | None
    links: tuple[OwnLink, ...]
    comments: tuple[OwnComment, ...]
    events: tuple[OwnEvent, ...]
    attachments: tuple[OwnAttachment, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The digests that the report announces and that have not come."""
        return tuple(dict.fromkeys(part.sha256 for part in self.attachments if not part.is_here))


PAGE = 50
_DEVICE_ID = bindparam("device_id", type_=tickets.c.device_id.type)
_IDS: BindParameter[Sequence[str]] = bindparam("ids", expanding=True)
_MINE = (
    select(tickets, agents.c.name.label("agent_name"), manifests.c.body)
    .outerjoin(agents, agents.c.id == tickets.c.agent_id)
    .outerjoin(manifests, manifests.c.ticket_id == tickets.c.id)
    .where(tickets.c.device_id == _DEVICE_ID, tickets.c.deleted_at.is_(None))
)
_ONE = _MINE.where(tickets.c.id == bindparam("ticket_id"))
_SINCE = _MINE.where(tickets.c.changed > bindparam("since")).order_by(tickets.c.changed).limit(PAGE)
_COMMENTS = (
    select(comments, agents.c.name.label("agent_name"))
    .outerjoin(agents, agents.c.id == comments.c.agent_id)
    .where(comments.c.ticket_id.in_(_IDS), comments.c.is_internal.is_(False))
    .order_by(comments.c.change, comments.c.id)
)
_OF_COMMENTS = (
    select(comment_attachments)
    .join(
        comments,
        and_(
            comments.c.ticket_id == comment_attachments.c.ticket_id, comments.c.id == comment_attachments.c.comment_id
        ),
    )
    .where(comment_attachments.c.ticket_id.in_(_IDS), comments.c.is_internal.is_(False))
    .order_by(comment_attachments.c.position)
)
_EVENTS = (
    select(events, agents.c.name.label("agent_name"))
    .outerjoin(agents, agents.c.id == events.c.agent_id)
    .where(events.c.ticket_id.in_(_IDS))
    .order_by(events.c.change, events.c.id)
)
_OF_REPORTS = select(attachments).where(attachments.c.ticket_id.in_(_IDS)).order_by(attachments.c.position)
_LINKS = (
    select(links.c.ticket_id, links.c.other_id, tickets.c.id, tickets.c.number)
    .join(tickets, or_(tickets.c.id == links.c.ticket_id, tickets.c.id == links.c.other_id))
    .where(
        or_(links.c.ticket_id.in_(_IDS), links.c.other_id.in_(_IDS)),
        tickets.c.device_id == _DEVICE_ID,
        tickets.c.deleted_at.is_(None),
    )
    .order_by(tickets.c.number)
)


class OwnTickets:
    """The tickets in the database, for the devices that reported them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def one(self, device_id: str, ticket_id: str) -> OwnTicket:
        """A ticket of this very device. Raises NotFound, alike for absent, foreign and deleted."""
        with self._database.read() as connection:
            row = connection.execute(_ONE, {"device_id": device_id, "ticket_id": ticket_id}).first()
            if row is None:
                raise NotFound
            return _told(connection, device_id, [row])[0]

    def since(self, connection: Connection, device_id: str, change: int) -> list[OwnTicket]:
        """The first PAGE of this device's that changed after that change, the oldest change first."""
        rows = connection.execute(_SINCE, {"device_id": device_id, "since": change}).all()
        return _told(connection, device_id, rows) if rows else []

    def attachment(self, device_id: str, ticket_id: str, sha256: str) -> OwnAttachment:
        """An attachment of one's own ticket: the report's, or a comment's that one may read. Raises NotFound."""
        ticket = self.one(device_id, ticket_id)
        parts = [*ticket.attachments, *(part for comment in ticket.comments for part in comment.attachments)]
        found = [part for part in parts if part.sha256 == sha256 and part.is_here]
        if not found:
            raise NotFound
        return found[0]


def _told(connection: Connection, device_id: str, rows: Sequence[Row[Any]]) -> list[OwnTicket]:
    """Whole tickets of these rows, by a handful of queries for all of them."""
    wanted = {"ids": [row.id for row in rows]}
    parts: dict[tuple[str, str], list[OwnAttachment]] = defaultdict(list)
    for row in connection.execute(_OF_COMMENTS, wanted):
        parts[row.ticket_id, row.comment_id].append(
            OwnAttachment(row.sha256, row.bytes, row.name, row.media_type, row.received_at is not None)
        )
    names = {row.id: row.requester_name for row in rows}
    said: dict[str, list[OwnComment]] = defaultdict(list)
    for row in connection.execute(_COMMENTS, wanted):
        author = _author(row, row.device_id is not None, names)
        found = tuple(parts[row.ticket_id, row.id])
        said[row.ticket_id].append(
            OwnComment(row.id, row.at, author or Author("", False), row.text, row.is_thanks, found)
        )
    happened: dict[str, list[OwnEvent]] = defaultdict(list)
    for row in connection.execute(_EVENTS, wanted):
        by = _author(row, row.is_requester, names)
        happened[row.ticket_id].append(OwnEvent(row.id, row.at, row.kind, by, row.text))
    linked: dict[str, list[OwnLink]] = defaultdict(list)
    for row in connection.execute(_LINKS, {**wanted, "device_id": device_id}):
        for end in {row.ticket_id, row.other_id} - {row.id}:
            linked[end].append(OwnLink(row.id, row.number))
    arrived: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(_OF_REPORTS, wanted):
        arrived[row.ticket_id].append(row)
    return [_ticket(row, said, happened, linked, _reported(row.body, arrived[row.id])) for row in rows]


def _ticket(
    row: Row[Any],
    said: dict[str, list[OwnComment]],
    happened: dict[str, list[OwnEvent]],
    linked: dict[str, list[OwnLink]],
    reported: tuple[OwnAttachment, ...],
) -> OwnTicket:
    return OwnTicket(
        id=row.id,
        number=row.number,
        changed=row.changed,
        status=row.status,
        text=row.text,
        category=row.category,
        blocking=row.blocking,
        created_at=row.created_at,
        updated_at=row.updated_at,
        agent_name=row.agent_name,
        picked_up_at=row.picked_up_at,
        closes_at=row.closes_at,
        rating_stars=row.rating_stars,
        rating_text=row.rating_text,
        links=tuple(linked[row.id]),
        comments=tuple(said[row.id]),
        events=tuple(happened[row.id]),
        attachments=reported,
    )


def _author(row: Row[Any], is_requester: bool, names: dict[str, str]) -> Author | None:
    if is_requester:
        return Author(names[row.ticket_id], is_me=True)
    return Author(row.agent_name, is_me=False) if row.agent_name is not None else None


def _reported(manifest: bytes | None, rows: Sequence[Row[Any]]) -> tuple[OwnAttachment, ...]:
    """The report's own attachments. What they are called stands in the manifest alone, which was checked once."""
    if not rows or manifest is None:
        return ()
    announced = json.loads(manifest)["attachments"]
    return tuple(
        OwnAttachment(row.sha256, row.bytes, part["name"], part["media_type"], row.received_at is not None)
        for row, part in zip(rows, announced, strict=True)
    )
