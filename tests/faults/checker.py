"""Compares what was promised with what there is: ledger, server's database, server's attachments, client's profile."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select

from server_stub.blobs import Blobs
from server_stub.store.tables import attachments, manifests, tickets
from tests.faults.ledger import Kept, Promise
from tests.faults.profile import Profile


@dataclass(frozen=True, slots=True)
class Store:
    """Where a server keeps what it has: SQLAlchemy's URL of its database, and its data folder."""

    database_url: str
    data: Path

    @staticmethod
    def of(data: Path) -> Store:
        """A server that keeps everything in one folder."""
        return Store(f"sqlite:///{data / 'deskbell.sqlite3'}", data)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as the server has it. `received` holds digests whose row says that the bytes have come."""

    report_id: str
    number: int
    manifest_sha256: str
    manifest: bytes = field(repr=False)
    received: frozenset[str]

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.manifest)  # type: ignore[no-any-return]

    @property
    def blobs(self) -> tuple[str, ...]:
        return tuple(sorted(each["sha256"] for each in self.body["attachments"]))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, a sentence each. `waiting` are promised reports that are not at the server but in the profile."""

    lost: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()  # delivered, and the profile has no receipt that says so truly
    left_over: tuple[str, ...] = ()
    open_modes: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[str, ...]:
        return tuple(
            f"{each.name.replace('_', ' ')}: {what}" for each in fields(self) for what in getattr(self, each.name)
        )


def read_tickets(store: Store) -> list[Ticket]:
    """All tickets, the oldest first."""
    engine = create_engine(store.database_url)
    with engine.connect() as connection:
        received: dict[str, set[str]] = {}
        for row in connection.execute(select(attachments).where(attachments.c.received_at.is_not(None))):
            received.setdefault(row.ticket_id, set()).add(row.sha256)
        rows = connection.execute(
            select(tickets.c.id, tickets.c.number, tickets.c.manifest_sha256, manifests.c.body)
            .outerjoin(manifests, manifests.c.ticket_id == tickets.c.id)
            .order_by(tickets.c.number)
        ).all()
    engine.dispose()
    return [
        Ticket(row.id, row.number, row.manifest_sha256, row.body or b"{}", frozenset(received.get(row.id, ())))
        for row in rows
    ]


def check(kept: Kept, store: Store, profiles: Sequence[Path] = (), *, is_over: bool = True) -> Verdict:
    """Compare everything. `is_over`: all clients have ended and had the time to deliver and to tidy up."""
    found = read_tickets(store)
    by_id = {ticket.report_id: ticket for ticket in found}
    homes = [Profile(path) for path in profiles]
    absent = [promise for promise in kept.saved.values() if promise.report_id not in by_id]
    at_home = {report_id: place for home in homes for report_id, place in home.places().items()}
    return Verdict(
        lost=tuple(_name(promise) for promise in absent if promise.report_id not in at_home),
        waiting=tuple(
            f"{_name(promise)} lies in {at_home[promise.report_id]}"
            for promise in absent
            if promise.report_id in at_home and is_over
        ),
        doubled=tuple(_doubled(found, kept)),
        damaged=tuple(
            f"ticket {ticket.number}: {what}"
            for ticket in found
            for what in _damage(ticket, kept.saved.get(ticket.report_id), Blobs(store.data), is_over)
        ),
        foreign=tuple(
            f"ticket {ticket.number} of report {ticket.report_id} was made by nobody"
            for ticket in found
            if ticket.report_id not in kept.begun
        ),
        unproven=tuple(_unproven(homes, by_id)),
        left_over=tuple(what for home in homes for what in home.left_over()) if is_over else (),
        open_modes=tuple(what for home in homes for what in home.open_modes()),
    )


def _name(promise: Promise) -> str:
    return f"report {promise.report_id} ({promise.text[:30]!r})"


def _doubled(found: Collection[Ticket], kept: Kept) -> Iterator[str]:
    """Two tickets that say the same are one report that came twice: no two reports of ours say the same."""
    texts = Counter(str(ticket.body.get("text")) for ticket in found)
    for ticket in found:
        text = str(ticket.body.get("text"))
        if texts[text] > 1 and any(promise.text == text for promise in kept.saved.values()):
            yield f"ticket {ticket.number} is one of {texts[text]} that say {text[:30]!r}"
    for name, values in (("number", [each.number for each in found]), ("id", [each.report_id for each in found])):
        for value, count in Counter(values).items():
            if count > 1:
                yield f"{count} tickets have the {name} {value}"


def _damage(ticket: Ticket, promise: Promise | None, blobs: Blobs, is_over: bool) -> Iterator[str]:
    digest = hashlib.sha256(ticket.manifest).hexdigest()
    if ticket.manifest_sha256 != digest:
        yield "its row names another manifest than the one that is there"
    if ticket.body.get("report_id") != ticket.report_id:
        yield "its manifest is another report's"
        return
    if promise and promise.manifest_sha256 != digest:
        yield "its manifest is not the one that was saved"
    if promise and promise.text != ticket.body["text"]:
        yield "its text is not what the user wrote"
    if promise and promise.blobs != ticket.blobs:
        yield "its attachments are not those that the user approved"
    for each in ticket.body["attachments"]:
        if each["sha256"] in ticket.received:
            yield from _damaged_blob(each["sha256"], each["bytes"], blobs)
        elif promise and is_over:
            yield f"{each['name']} never came"


def _damaged_blob(sha256: str, size_bytes: int, blobs: Blobs) -> Iterator[str]:
    path = blobs.path(sha256)
    if not path.exists():
        yield f"the bytes of {sha256[:12]} are not there"
        return
    data = path.read_bytes()
    if len(data) != size_bytes or hashlib.sha256(data).hexdigest() != sha256:
        yield f"the bytes of {sha256[:12]} were altered"


def _unproven(homes: Sequence[Profile], by_id: dict[str, Ticket]) -> Iterator[str]:
    for home in homes:
        for report_id in home.names_in("sent"):
            receipt, ticket = home.receipt(report_id), by_id.get(report_id)
            if ticket is None:
                yield f"{report_id} lies in sent/ and the server does not have it"
            elif receipt is None:
                yield f"{report_id} lies in sent/ without a receipt"
            elif (receipt.get("manifest_sha256"), receipt.get("ticket_number")) != (
                ticket.manifest_sha256,
                ticket.number,
            ):
                yield f"the receipt of {report_id} names another ticket"
            elif receipt.get("missing") != [] or {*ticket.blobs} - ticket.received:
                yield f"{report_id} lies in sent/ and is not whole at the server"
