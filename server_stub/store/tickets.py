"""Tickets as devices see them. Who may see what is decided inside the SQL."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from server_stub.errors import NotFound, ReportDiffers, TooManyReports
from server_stub.manifest import Manifest, cleaned
from server_stub.store.clock import Clock
from server_stub.store.database import Database
from server_stub.store.devices import HOUR, seconds_until
from server_stub.store.tables import agents, attachments, counters, holders, manifests, tickets


@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof that the desk has a report. `missing` holds digests, in the order of the manifest."""

    report_id: str
    manifest_sha256: str
    number: int
    status: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """An attachment that a manifest announces. `is_gone`: its ticket was deleted, nothing is wanted any more."""

    bytes: int
    is_received: bool
    is_gone: bool


@dataclass(frozen=True, slots=True)
class OwnTicket:
    """A ticket as its own device reads it."""

    id: str
    number: int
    status: str
    text: str
    category: str | None
    blocking: bool
    created_at: datetime
    updated_at: datetime
    agent_name: str | None
    missing: tuple[str, ...]


class Tickets:
    """The tickets in the database, for the devices that reported them."""

    def __init__(self, database: Database, clock: Clock, reports_per_hour: int) -> None:
        self._database = database
        self._clock = clock
        self._limit = reports_per_hour

    def submit(self, device_id: str, manifest: Manifest, raw: bytes) -> tuple[Receipt, bool]:
        """Make the ticket of this report, or find it; True where it is new. Durable on return.

        Raises ReportDiffers, NotFound (another device's, and not the same bytes), TooManyReports.
        """
        digest = hashlib.sha256(raw).hexdigest()
        try:
            with self._database.write() as connection:
                return self._submit(connection, device_id, manifest, raw, digest)
        except IntegrityError:
            # Another process made the same ticket between the look and the insert.
            with self._database.write() as connection:
                return self._submit(connection, device_id, manifest, raw, digest)

    def expected(self, device_id: str, report_id: str, sha256: str) -> Expected:
        """What is known of an attachment that `device_id` may upload. Raises NotFound."""
        query = (
            select(attachments.c.bytes, attachments.c.received_at, tickets.c.deleted_at)
            .join(tickets, tickets.c.id == attachments.c.ticket_id)
            .where(attachments.c.ticket_id == report_id, attachments.c.sha256 == sha256, _may_upload(device_id))
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound
        return Expected(row.bytes, row.received_at is not None, row.deleted_at is not None)

    def arrived(self, report_id: str, sha256: str) -> Receipt:
        """Note that the bytes of an attachment are safe on disk. Durable on return."""
        with self._database.write() as connection:
            connection.execute(
                update(attachments)
                .where(attachments.c.ticket_id == report_id, attachments.c.sha256 == sha256)
                .values(received_at=self._clock())
            )
            return _receipt(connection, report_id)

    def receipt(self, report_id: str) -> Receipt:
        """The receipt as it is now, for a caller that `expected` let in."""
        with self._database.read() as connection:
            return _receipt(connection, report_id)

    def own(self, device_id: str, report_id: str) -> OwnTicket:
        """A ticket of this very device. Raises NotFound, alike for absent, foreign and deleted."""
        query = (
            select(tickets, agents.c.name.label("agent_name"))
            .outerjoin(agents, agents.c.id == tickets.c.agent_id)
            .where(tickets.c.id == report_id, tickets.c.device_id == device_id, tickets.c.deleted_at.is_(None))
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
            if row is None:
                raise NotFound
            missing = _missing(connection, report_id)
        return OwnTicket(
            row.id, row.number, row.status, row.text, row.category, row.blocking, row.created_at, row.updated_at,
            row.agent_name, missing,
        )  # fmt: skip

    def _submit(
        self, connection: Connection, device_id: str, manifest: Manifest, raw: bytes, digest: str
    ) -> tuple[Receipt, bool]:
        known = connection.execute(
            select(tickets.c.device_id, tickets.c.manifest_sha256).where(tickets.c.id == manifest.report_id),
        ).first()
        if known is None:
            self._refuse_floods(connection, device_id)
            self._insert(connection, device_id, manifest, raw, digest)
            return _receipt(connection, manifest.report_id), True
        if known.manifest_sha256 != digest:
            raise ReportDiffers if known.device_id == device_id else NotFound
        if known.device_id != device_id:
            _admit_holder(connection, manifest.report_id, device_id)
        return _receipt(connection, manifest.report_id), False

    def _insert(self, connection: Connection, device_id: str, manifest: Manifest, raw: bytes, digest: str) -> None:
        now = self._clock()
        requester = manifest.requester
        connection.execute(
            insert(tickets).values(
                id=manifest.report_id,
                number=_next_number(connection),
                device_id=device_id,
                manifest_sha256=digest,
                status="new",
                text=cleaned(manifest.text),
                category=cleaned(manifest.category) or None,
                blocking=manifest.blocking,
                requester_name=cleaned(requester.name or requester.user),
                host=cleaned(requester.host),
                pictures=manifest.pictures,
                created_at=now,
                updated_at=now,
            )
        )
        connection.execute(insert(manifests).values(ticket_id=manifest.report_id, body=raw))
        if manifest.attachments:
            rows = [
                {"ticket_id": manifest.report_id, "position": position, "sha256": part.sha256, "bytes": part.bytes}
                for position, part in enumerate(manifest.attachments)
            ]
            connection.execute(insert(attachments), rows)

    def _refuse_floods(self, connection: Connection, device_id: str) -> None:
        now = self._clock()
        recent = (tickets.c.device_id == device_id) & (tickets.c.created_at > now - HOUR)
        count, oldest_at = connection.execute(
            select(func.count(), func.min(tickets.c.created_at)).where(recent),
        ).one()
        if count >= self._limit:
            raise TooManyReports(retry_after_s=seconds_until(now, (oldest_at or now) + HOUR))


def _may_upload(device_id: str) -> ColumnElement[bool]:
    is_holder = exists().where(holders.c.ticket_id == tickets.c.id, holders.c.device_id == device_id)
    return or_(tickets.c.device_id == device_id, is_holder)


def _admit_holder(connection: Connection, report_id: str, device_id: str) -> None:
    own = (holders.c.ticket_id == report_id) & (holders.c.device_id == device_id)
    if connection.execute(select(holders.c.device_id).where(own)).first() is None:
        connection.execute(insert(holders).values(ticket_id=report_id, device_id=device_id))


def _next_number(connection: Connection) -> int:
    # A counter row and not max(number): it is locked until the commit, so numbers have no gaps and none comes twice.
    is_tickets = counters.c.name == "ticket"
    connection.execute(update(counters).where(is_tickets).values(value=counters.c.value + 1))
    number: int = connection.execute(select(counters.c.value).where(is_tickets)).scalar_one()
    return number


def _missing(connection: Connection, report_id: str) -> tuple[str, ...]:
    digests = connection.execute(
        select(attachments.c.sha256)
        .where(attachments.c.ticket_id == report_id, attachments.c.received_at.is_(None))
        .order_by(attachments.c.position)
    ).scalars()
    return tuple(dict.fromkeys(digests))


def _receipt(connection: Connection, report_id: str) -> Receipt:
    row = connection.execute(select(tickets).where(tickets.c.id == report_id)).one()
    missing = _missing(connection, report_id) if row.deleted_at is None else ()
    return Receipt(row.id, row.manifest_sha256, row.number, row.status, missing)
