"""Tickets as agents see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from server_stub.life import ENDED, Status
from server_stub.store.database import Database
from server_stub.store.history import (
    Happened,
    Linked,
    Said,
    Shown,
    attachment_of_comment,
    history,
    linked,
)
from server_stub.store.tables import agents, attachments, devices, manifests, sites, tickets

PAGE = 50
HEADLINE = 140


class Show(StrEnum):
    """Which tickets the queue shows."""

    OPEN = "open"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    SOLVED = "solved"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One line of the queue. `missing` counts attachments that have not arrived."""

    id: str
    number: int
    status: str
    text: str
    category: str | None
    blocking: bool
    requester_name: str
    host: str
    pictures: int
    missing: int
    created_at: datetime
    status_at: datetime
    agent_name: str | None

    @property
    def headline(self) -> str:
        """The first line of the text, cut where it is long; empty where there is no text."""
        line = self.text.strip().partition("\n")[0]
        return line if len(line) <= HEADLINE else f"{line[: HEADLINE - 1].rstrip()}…"

    @property
    def has_more_text(self) -> bool:
        """Whether the text says more than its headline."""
        return self.text.strip() != self.headline


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Some lines, newest first. `older` and `newer` are the numbers to go on from, None at either end."""

    entries: tuple[QueueEntry, ...]
    total: int
    waiting_longest: QueueEntry | None
    older: int | None
    newer: int | None


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes of an attachment that a manifest announces. `received_at` is None while they are on their way."""

    position: int
    sha256: str
    received_at: datetime | None


@dataclass(frozen=True, slots=True)
class FullTicket:
    """A ticket with the manifest as it arrived."""

    entry: QueueEntry
    device_id: str
    site_name: str
    manifest: bytes
    attachments: tuple[Stored, ...]
    agent_id: int | None
    closes_at: datetime | None
    rating_stars: int | None
    rating_text: str | None
    history: tuple[Said | Happened, ...]
    links: tuple[Linked, ...]


class Queue:
    """The tickets in the database, for agents."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, show: Show, agent_id: int, before: int | None = None, after: int | None = None) -> QueuePage:
        """The newest of those tickets; those older than number `before`; or those newer than number `after`.

        Found by number and not by counting from the start: a page deep in the past costs what the first one does.
        """
        with self._database.read() as connection:
            shown = _SHOWN[show](agent_id)
            entries, has_more = _entries(connection, shown, before, after)
            total = connection.execute(
                select(func.count()).select_from(tickets).where(tickets.c.deleted_at.is_(None), *shown)
            ).scalar_one()
            waiting = connection.execute(
                _visible().where(tickets.c.status == Status.NEW.value).order_by(tickets.c.number).limit(1)
            ).first()
        goes_up = after is not None
        older = entries[-1].number if entries and (has_more or goes_up) else None
        newer = entries[0].number if entries and (has_more if goes_up else before is not None) else None
        return QueuePage(tuple(entries), total, _entry(waiting, 0) if waiting else None, older, newer)

    def ticket(self, ticket_id: str) -> FullTicket | None:
        """One ticket with everything that belongs to it, or None."""
        query = (
            select(tickets, manifests.c.body, sites.c.name.label("site_name"), agents.c.name.label("agent_name"))
            .outerjoin(agents, agents.c.id == tickets.c.agent_id)
            .join(manifests, manifests.c.ticket_id == tickets.c.id)
            .join(devices, devices.c.id == tickets.c.device_id)
            .join(sites, sites.c.id == devices.c.site_id)
            .where(tickets.c.id == ticket_id, tickets.c.deleted_at.is_(None))
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
            if row is None:
                return None
            parts = connection.execute(
                select(attachments).where(attachments.c.ticket_id == ticket_id).order_by(attachments.c.position)
            ).all()
            conversation, others = history(connection, ticket_id), linked(connection, ticket_id)
        stored = tuple(Stored(part.position, part.sha256, part.received_at) for part in parts)
        missing = len({part.sha256 for part in stored if part.received_at is None})
        return FullTicket(
            entry=_entry(row, missing),
            device_id=row.device_id,
            site_name=row.site_name,
            manifest=row.body,
            attachments=stored,
            agent_id=row.agent_id,
            closes_at=row.closes_at,
            rating_stars=row.rating_stars,
            rating_text=row.rating_text,
            history=conversation,
            links=others,
        )

    def attachment(self, ticket_id: str, comment_id: str, position: int) -> Shown | None:
        """An attachment of a comment."""
        with self._database.read() as connection:
            return attachment_of_comment(connection, ticket_id, comment_id, position)


_ENDED = [status.value for status in ENDED]
_GOES_ON = tickets.c.status.not_in(_ENDED)
_SHOWN: Mapping[Show, Callable[[int], tuple[ColumnElement[bool], ...]]] = {
    Show.OPEN: lambda _agent_id: (_GOES_ON,),
    Show.MINE: lambda agent_id: (_GOES_ON, tickets.c.agent_id == agent_id),
    Show.UNASSIGNED: lambda _agent_id: (_GOES_ON, tickets.c.agent_id.is_(None)),
    Show.SOLVED: lambda _agent_id: (tickets.c.status.in_(_ENDED),),
    Show.ALL: lambda _agent_id: (),
}


def _visible() -> Select[*tuple[Any, ...]]:
    return (
        select(tickets, agents.c.name.label("agent_name"))
        .outerjoin(agents, agents.c.id == tickets.c.agent_id)
        .where(tickets.c.deleted_at.is_(None))
    )


def _entries(
    connection: Connection, shown: tuple[ColumnElement[bool], ...], before: int | None, after: int | None
) -> tuple[list[QueueEntry], bool]:
    query = _visible().where(*shown).limit(PAGE + 1)
    if after is not None:
        query = query.where(tickets.c.number > after).order_by(tickets.c.number)
    else:
        query = query.order_by(tickets.c.number.desc())
        if before is not None:
            query = query.where(tickets.c.number < before)
    rows = connection.execute(query).all()
    has_more = len(rows) > PAGE
    rows = rows[:PAGE]
    if after is not None:
        rows = rows[::-1]
    ids = [row.id for row in rows]
    awaited = connection.execute(
        select(attachments.c.ticket_id, func.count(attachments.c.sha256.distinct()).label("awaited"))
        .where(attachments.c.ticket_id.in_(ids), attachments.c.received_at.is_(None))
        .group_by(attachments.c.ticket_id)
    )
    missing = {row.ticket_id: row.awaited for row in awaited}
    return [_entry(row, missing.get(row.id, 0)) for row in rows], has_more


def _entry(row: Row[*tuple[Any, ...]], missing: int) -> QueueEntry:
    return QueueEntry(
        id=row.id,
        number=row.number,
        status=row.status,
        text=row.text,
        category=row.category,
        blocking=row.blocking,
        requester_name=row.requester_name,
        host=row.host,
        pictures=row.pictures,
        missing=missing,
        created_at=row.created_at,
        status_at=row.status_at,
        agent_name=row.agent_name,
    )
