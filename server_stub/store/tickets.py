"""Tickets as devices see them. Who may see what is decided inside the SQL."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import BindParameter, Connection, and_, bindparam, exists, func, insert, or_, select, update

from server_stub.errors import NotFound, ReportDiffers, TooManyReports
from server_stub.life import EventKind, Status
from server_stub.manifest import Manifest, cleaned
from server_stub.store.clock import Clock
from server_stub.store.database import Database
from server_stub.store.devices import HOUR, seconds_until
from server_stub.store.journal import REQUESTER, Entry, Journal, counted
from server_stub.store.tables import attachments, comment_attachments, comments, holders, manifests, tickets


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
    """An attachment that a manifest or a comment announces. `is_gone`: its ticket was deleted, it is not wanted."""

    bytes: int
    is_received: bool
    is_gone: bool


# Statements are built once: to build one costs SQLAlchemy several times what SQLite takes to run it.
_TICKET_ID: BindParameter[str] = bindparam("ticket_id")
_DEVICE_ID: BindParameter[str] = bindparam("device_id")
_OWNER = select(tickets.c.device_id).where(tickets.c.id == _TICKET_ID)
_KNOWN = select(tickets.c.device_id, tickets.c.manifest_sha256).where(tickets.c.id == _TICKET_ID)
_RECENT = select(func.count(), func.min(tickets.c.created_at)).where(
    tickets.c.device_id == _DEVICE_ID, tickets.c.created_at > bindparam("since")
)
_ADD_TICKET, _ADD_MANIFEST, _ADD_ATTACHMENT = insert(tickets), insert(manifests), insert(attachments)
_HOLDER = select(holders.c.device_id).where(holders.c.ticket_id == _TICKET_ID, holders.c.device_id == _DEVICE_ID)
_ADD_HOLDER = insert(holders)
_EXPECTED = (
    select(attachments.c.bytes, attachments.c.received_at, tickets.c.deleted_at)
    .join(tickets, tickets.c.id == attachments.c.ticket_id)
    .where(
        attachments.c.ticket_id == _TICKET_ID,
        attachments.c.sha256 == bindparam("sha256"),
        or_(
            tickets.c.device_id == _DEVICE_ID,
            exists().where(holders.c.ticket_id == tickets.c.id, holders.c.device_id == _DEVICE_ID),
        ),
    )
)
_EXPECTED_BY_COMMENT = (
    select(comment_attachments.c.bytes, comment_attachments.c.received_at, tickets.c.deleted_at)
    .join(
        comments,
        and_(
            comments.c.ticket_id == comment_attachments.c.ticket_id, comments.c.id == comment_attachments.c.comment_id
        ),
    )
    .join(tickets, tickets.c.id == comments.c.ticket_id)
    .where(
        comment_attachments.c.ticket_id == _TICKET_ID,
        comment_attachments.c.sha256 == bindparam("sha256"),
        comments.c.device_id == _DEVICE_ID,
        tickets.c.device_id == _DEVICE_ID,
    )
)
_ARRIVED = [
    update(table)
    .where(table.c.ticket_id == bindparam("of_ticket"), table.c.sha256 == bindparam("of_sha256"))
    .values(received_at=bindparam("now"))
    for table in (attachments, comment_attachments)
]
# A row for each attachment that has not come, or one row without a digest.
_RECEIPT = (
    select(
        tickets.c.id,
        tickets.c.manifest_sha256,
        tickets.c.number,
        tickets.c.status,
        attachments.c.sha256.label("sha256"),
    )
    .outerjoin(
        attachments,
        and_(
            attachments.c.ticket_id == tickets.c.id,
            attachments.c.received_at.is_(None),
            tickets.c.deleted_at.is_(None),
        ),
    )
    .where(tickets.c.id == _TICKET_ID)
    .order_by(attachments.c.position)
)


class Tickets:
    """The tickets in the database, for the devices that reported them."""

    def __init__(self, database: Database, journal: Journal, clock: Clock, reports_per_hour: int) -> None:
        self._database = database
        self._journal = journal
        self._clock = clock
        self._limit = reports_per_hour

    def submit(self, device_id: str, manifest: Manifest, raw: bytes) -> tuple[Receipt, bool]:
        """Make the ticket of this report, or find it; True where it is new. Durable on return.

        Raises ReportDiffers, NotFound (another device's, and not the same bytes), TooManyReports.
        """
        digest = hashlib.sha256(raw).hexdigest()
        # Nobody may make the same ticket, or note the same holder, between the look and the insert.
        with self._journal.entry(f"report {manifest.report_id}") as entry:
            return self._submit(entry, device_id, manifest, raw, digest)

    def expected(self, device_id: str, report_id: str, sha256: str) -> Expected:
        """What is known of an attachment that `device_id` may upload. Raises NotFound."""
        with self._database.read() as connection:
            wanted = {"ticket_id": report_id, "sha256": sha256, "device_id": device_id}
            rows = [row for query in (_EXPECTED, _EXPECTED_BY_COMMENT) for row in connection.execute(query, wanted)]
        if not rows:
            raise NotFound
        is_received = all(row.received_at is not None for row in rows)
        return Expected(rows[0].bytes, is_received, rows[0].deleted_at is not None)

    def arrived(self, report_id: str, *sha256s: str) -> Receipt:
        """Note that the bytes of these attachments are safe on disk. Durable on return."""
        # Of two attachments that arrive at once, the later one's receipt must know of both.
        with self._journal.entry(f"attachments of {report_id}") as entry:
            for sha256 in sha256s:
                for table in _ARRIVED:
                    entry.connection.execute(table, {"of_ticket": report_id, "of_sha256": sha256, "now": entry.now})
            if sha256s:
                entry.touch(report_id, entry.connection.execute(_OWNER, {"ticket_id": report_id}).scalar_one())
            return _receipt(entry.connection, report_id)

    def receipt(self, report_id: str) -> Receipt:
        """The receipt as it is now, for a caller that `expected` let in."""
        with self._database.read() as connection:
            return _receipt(connection, report_id)

    def _submit(
        self, entry: Entry, device_id: str, manifest: Manifest, raw: bytes, digest: str
    ) -> tuple[Receipt, bool]:
        connection, report_id = entry.connection, manifest.report_id
        known = connection.execute(_KNOWN, {"ticket_id": report_id}).first()
        if known is None:
            self._refuse_floods(connection, device_id)
            return file_ticket(entry, device_id, manifest, raw, digest), True
        if known.manifest_sha256 != digest:
            raise ReportDiffers if known.device_id == device_id else NotFound
        if known.device_id != device_id:
            _admit_holder(connection, report_id, device_id)
        return _receipt(connection, report_id), False

    def _refuse_floods(self, connection: Connection, device_id: str) -> None:
        self._database.lock(connection, f"reports of {device_id}")
        now = self._clock()
        count, oldest_at = connection.execute(_RECENT, {"device_id": device_id, "since": now - HOUR}).one()
        if count >= self._limit:
            raise TooManyReports(retry_after_s=seconds_until(now, (oldest_at or now) + HOUR))


def file_ticket(entry: Entry, device_id: str, manifest: Manifest, raw: bytes, digest: str) -> Receipt:
    """Make the ticket of a report that is not here."""
    connection, now = entry.connection, entry.now
    requester = manifest.requester
    number, change, status = counted(connection, "ticket"), entry.begin(device_id), Status.NEW.value
    ticket = {
        "id": manifest.report_id,
        "number": number,
        "device_id": device_id,
        "manifest_sha256": digest,
        "status": status,
        "text": cleaned(manifest.text),
        "category": cleaned(manifest.category) or None,
        "blocking": manifest.blocking,
        "requester_name": cleaned(requester.name or requester.user),
        "host": cleaned(requester.host),
        "pictures": manifest.pictures,
        "created_at": now,
        "updated_at": now,
        "changed": change,
        "status_at": now,
    }
    connection.execute(_ADD_TICKET, ticket)
    connection.execute(_ADD_MANIFEST, {"ticket_id": manifest.report_id, "body": raw})
    if manifest.attachments:
        rows = [
            {"ticket_id": manifest.report_id, "position": position, "sha256": part.sha256, "bytes": part.bytes}
            for position, part in enumerate(manifest.attachments)
        ]
        connection.execute(_ADD_ATTACHMENT, rows)
    entry.note(manifest.report_id, change, EventKind.FILED, REQUESTER)
    missing = tuple(dict.fromkeys(part.sha256 for part in manifest.attachments))
    return Receipt(manifest.report_id, digest, number, status, missing)


def _admit_holder(connection: Connection, report_id: str, device_id: str) -> None:
    holder = {"ticket_id": report_id, "device_id": device_id}
    if connection.execute(_HOLDER, holder).first() is None:
        connection.execute(_ADD_HOLDER, holder)


def _receipt(connection: Connection, report_id: str) -> Receipt:
    rows = connection.execute(_RECEIPT, {"ticket_id": report_id}).all()
    ticket = rows[0]
    missing = dict.fromkeys(row.sha256 for row in rows if row.sha256 is not None)
    return Receipt(ticket.id, ticket.manifest_sha256, ticket.number, ticket.status, tuple(missing))
