"""Moves tickets from one status to the next, by the table in `server_stub.life`."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from server_stub.errors import NotFound
from server_stub.life import REOPENING, Act, EventKind, Status, Step, step
from server_stub.manifest import Manifest, parse
from server_stub.store.journal import NOBODY, REQUESTER, By, Entry
from server_stub.store.tables import agents, links, manifests, tickets
from server_stub.store.tickets import file_ticket

_LOOK = select(
    tickets.c.id, tickets.c.number, tickets.c.device_id, tickets.c.status, tickets.c.status_at, tickets.c.agent_id,
    tickets.c.requester_name, tickets.c.text, tickets.c.picked_up_at, tickets.c.closes_at,
).where(tickets.c.id == bindparam("ticket_id"), tickets.c.deleted_at.is_(None))  # fmt: skip
_LOOK_AT_OWN = _LOOK.where(tickets.c.device_id == bindparam("device_id"))
_NEXT = select(links.c.ticket_id).where(links.c.other_id == bindparam("ticket_id"), links.c.kind == "continues")
_MANIFEST = select(manifests.c.body).where(manifests.c.ticket_id == bindparam("ticket_id"))
_AGENT = select(agents.c.name).where(agents.c.id == bindparam("agent_id"), agents.c.disabled_at.is_(None))


@dataclass(frozen=True, slots=True)
class Rules:
    """The desk's: how long a closed ticket may be reopened, and after which silence a solved one is closed."""

    reopens_for: timedelta
    closes_after: timedelta


@dataclass(frozen=True, slots=True)
class Standing:
    """A ticket as it stands, while its lock is held."""

    id: str
    number: int
    device_id: str
    status: Status
    status_at: datetime
    agent_id: int | None
    requester_name: str
    text: str
    picked_up_at: datetime | None
    closes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The number of the change to the ticket, and which other ticket goes on in its place, if one does."""

    change: int
    led_to: str | None = None


class Moves:
    """Writes what an act does. The caller holds the ticket's lock, named by `lock_name`."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def move(self, entry: Entry, ticket: Standing, act: Act, by: By, text: str = "", **values: object) -> int:
        """Do `act`, and set these columns with it; the number of the change. `text` belongs to the event."""
        return self._write(entry, ticket, step(act, ticket.status), by, text, **values)

    def by_requester(
        self, entry: Entry, ticket: Standing, act: Act, text: str, event_text: str, **values: object
    ) -> Outcome:
        """Do what a requester asks for. A ticket that may not be reopened any more goes on in another one."""
        if act not in REOPENING:
            return Outcome(self.move(entry, ticket, act, REQUESTER, event_text, **values))
        last = _last(entry, ticket)
        taken = step(act, last.status, is_late=entry.now - last.status_at > self._rules.reopens_for)
        if taken.continues:
            made = self._continue(entry, last, text)
            change = self._write(entry, last, taken, REQUESTER, str(made.number))
        else:
            made = last
            change = self._write(entry, last, taken, REQUESTER, event_text if last is ticket else text, **values)
        if last is not ticket:
            change = entry.touch(ticket.id, ticket.device_id)
        return Outcome(change, None if made is ticket else made.id)

    def _write(self, entry: Entry, ticket: Standing, taken: Step, by: By, text: str, **values: object) -> int:
        change = entry.begin(ticket.device_id)
        changed: dict[str, object] = {"changed": change, "updated_at": entry.now, **values}
        if taken.status is not ticket.status:
            changed |= {"status": taken.status.value, "status_at": entry.now, "closes_at": None}
        if taken.event is EventKind.SOLVED:
            changed["closes_at"] = entry.now + self._rules.closes_after
        entry.connection.execute(update(tickets).where(tickets.c.id == ticket.id).values(**changed))
        if taken.event is not None:
            entry.note(ticket.id, change, taken.event, by, text)
        return change

    def _continue(self, entry: Entry, ticket: Standing, text: str) -> Standing:
        """A new ticket that goes on where this one ended, with what was said now, for the same agent."""
        body: bytes = entry.connection.execute(_MANIFEST, {"ticket_id": ticket.id}).scalar_one()
        report_id = str(uuid.uuid4())
        said: dict[str, Any] = {
            **json.loads(body),
            "report_id": report_id,
            "created_at": entry.now.isoformat(),
            "text": text or ticket.text,
            "attachments": [],
        }
        raw = json.dumps(said, ensure_ascii=False).encode()
        file_ticket(entry, ticket.device_id, parse(Manifest, raw), raw, sha256(raw).hexdigest())
        entry.connection.execute(
            links.insert().values(ticket_id=report_id, other_id=ticket.id, kind="continues"),
        )
        made = look(entry, report_id)
        name = entry.connection.execute(_AGENT, {"agent_id": ticket.agent_id}).scalar() if ticket.agent_id else None
        if name is not None:
            self.move(entry, made, Act.ASSIGN, NOBODY, name, agent_id=ticket.agent_id, picked_up_at=entry.now)
        return made


def lock_name(ticket_id: str) -> str:
    """The lock to hold from before a ticket is looked at until its change is committed."""
    return f"ticket {ticket_id}"


def look(entry: Entry, ticket_id: str) -> Standing:
    """A ticket, whoever's it is. Raises NotFound, also for a deleted one."""
    return _standing(entry.connection.execute(_LOOK, {"ticket_id": ticket_id}).first())


def look_at_own(entry: Entry, device_id: str, ticket_id: str) -> Standing:
    """A ticket of this very device. Raises NotFound, alike for absent, foreign and deleted."""
    wanted = {"ticket_id": ticket_id, "device_id": device_id}
    return _standing(entry.connection.execute(_LOOK_AT_OWN, wanted).first())


def _standing(row: Row[*tuple[Any, ...]] | None) -> Standing:
    if row is None:
        raise NotFound
    return Standing(**{**row._mapping, "status": Status(row.status)})


def _last(entry: Entry, ticket: Standing) -> Standing:
    """The one in which a ticket goes on by now, or itself. Locks are taken in the order in which tickets were made."""
    while (following := entry.connection.execute(_NEXT, {"ticket_id": ticket.id}).scalar()) is not None:
        entry.lock(lock_name(following))
        ticket = look(entry, following)
    return ticket
