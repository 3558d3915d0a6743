"""What requesters say and do after a report was filed. Who may is decided inside the SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, Select, Table, bindparam, func, insert, select

from server_stub.errors import SentDiffers, TooManyComments
from server_stub.life import ENDED, Act
from server_stub.manifest import Attachment, cleaned
from server_stub.said import ACTS, Comment, Operation, OperationKind
from server_stub.store.devices import HOUR, seconds_until
from server_stub.store.journal import Entry, Journal
from server_stub.store.moves import Moves, Outcome, Standing, lock_name, look_at_own
from server_stub.store.tables import agents, attachments, comment_attachments, comments, operations, tickets
from server_stub.thanks import is_thanks

_TICKET_ID, _ID = bindparam("ticket_id", type_=tickets.c.id.type), bindparam("said_id", type_=tickets.c.id.type)
_REF = select(tickets.c.id, tickets.c.number, tickets.c.status).where(tickets.c.id == _TICKET_ID)
_MISSING = (
    select(comment_attachments.c.sha256)
    .where(
        comment_attachments.c.ticket_id == _TICKET_ID,
        comment_attachments.c.comment_id == _ID,
        comment_attachments.c.received_at.is_(None),
    )
    .order_by(comment_attachments.c.position)
)
_HERE = [
    select(table.c.sha256).where(table.c.ticket_id == _TICKET_ID, table.c.received_at.is_not(None))
    for table in (attachments, comment_attachments)
]
_AGENT_NAME = select(agents.c.name).where(agents.c.id == bindparam("agent_id"))


@dataclass(frozen=True, slots=True)
class SaidReceipt:
    """The proof that the desk has a comment or an operation, with the ticket as it is now, or the one that goes on."""

    report_id: str
    id: str
    body_sha256: str
    ticket_id: str
    number: int
    status: str
    missing: tuple[str, ...]


class Conversation:
    """Keeps what requesters send, once for each id, and moves their tickets."""

    def __init__(self, journal: Journal, moves: Moves, per_hour: int) -> None:
        self._journal = journal
        self._moves = moves
        self._limit = per_hour

    def comment(self, device_id: str, comment: Comment, raw: bytes) -> tuple[SaidReceipt, bool]:
        """Keep a comment, or find it; True where it is new. Durable on return.

        Raises NotFound, SentDiffers, TooManyComments.
        """
        with self._journal.entry(lock_name(comment.report_id)) as entry:
            ticket = look_at_own(entry, device_id, comment.report_id)
            digest = sha256(raw).hexdigest()
            if _is_known(entry.connection, comments, ticket.id, comment.id, digest):
                return _receipt(entry.connection, comments, ticket.id, comment.id), False
            self._refuse_floods(entry, device_id)
            text = cleaned(comment.text).strip()
            thanks = _is_thanks(entry.connection, ticket, comment, text)
            act = Act.THANK if thanks else Act.COMMENT
            outcome = self._moves.by_requester(entry, ticket, act, text, event_text="")
            row = {
                "ticket_id": ticket.id, "id": comment.id, "change": outcome.change, "at": entry.now,
                "device_id": device_id, "body_sha256": digest, "text": text, "is_internal": False,
                "is_thanks": thanks, "led_to": outcome.led_to,
            }  # fmt: skip
            entry.connection.execute(insert(comments).values(row))
            _announce(entry, ticket.id, comment)
            return _receipt(entry.connection, comments, ticket.id, comment.id), True

    def operate(self, device_id: str, operation: Operation, raw: bytes) -> tuple[SaidReceipt, bool]:
        """Do what a requester asks for, once; True where it is new. Durable on return.

        What no longer fits the ticket is no error: it is noted, and the ticket stays as it is.
        Raises NotFound, SentDiffers, TooManyComments.
        """
        with self._journal.entry(lock_name(operation.report_id)) as entry:
            ticket = look_at_own(entry, device_id, operation.report_id)
            digest = sha256(raw).hexdigest()
            if _is_known(entry.connection, operations, ticket.id, operation.id, digest):
                return _receipt(entry.connection, operations, ticket.id, operation.id), False
            self._refuse_floods(entry, device_id)
            outcome = self._operate(entry, ticket, operation)
            row = {
                "ticket_id": ticket.id, "id": operation.id, "device_id": device_id, "at": entry.now,
                "kind": operation.kind.value, "body_sha256": digest, "led_to": outcome.led_to,
            }  # fmt: skip
            entry.connection.execute(insert(operations).values(row))
            return _receipt(entry.connection, operations, ticket.id, operation.id), True

    def _operate(self, entry: Entry, ticket: Standing, operation: Operation) -> Outcome:
        text = cleaned(operation.text).strip()
        rating: dict[str, object] = {}
        if operation.kind is OperationKind.RATING:
            rating = {"rating_stars": operation.stars, "rating_text": text}
        return self._moves.by_requester(entry, ticket, ACTS[operation.kind], text, text, **rating)

    def _refuse_floods(self, entry: Entry, device_id: str) -> None:
        entry.lock(f"comments of {device_id}")
        since = entry.now - HOUR
        count, oldest_at = 0, entry.now
        for table in (comments, operations):
            recent, first_at = entry.connection.execute(_recent(table, device_id, since)).one()
            count, oldest_at = count + recent, min(oldest_at, first_at or entry.now)
        if count >= self._limit:
            raise TooManyComments(retry_after_s=seconds_until(entry.now, oldest_at + HOUR))


def _recent(table: Table, device_id: str, since: datetime) -> Select[int, datetime | None]:
    return select(func.count(), func.min(table.c.at)).where(table.c.device_id == device_id, table.c.at > since)


def _is_known(connection: Connection, table: Table, ticket_id: str, said_id: str, digest: str) -> bool:
    """Whether it was sent before. Raises SentDiffers where it said something else then."""
    known = connection.execute(
        select(table.c.body_sha256).where(table.c.ticket_id == ticket_id, table.c.id == said_id)
    ).first()
    if known is not None and known.body_sha256 != digest:
        raise SentDiffers
    return known is not None


def _is_thanks(connection: Connection, ticket: Standing, comment: Comment, text: str) -> bool:
    if ticket.status not in ENDED or comment.attachments:
        return False
    agent = connection.execute(_AGENT_NAME, {"agent_id": ticket.agent_id}).scalar() or ""
    return is_thanks(text, ticket.requester_name, agent)


def _announce(entry: Entry, ticket_id: str, comment: Comment) -> None:
    """Note which attachments belong to a comment. What the ticket has already does not need to come again."""
    if not comment.attachments:
        return
    here = {sha for query in _HERE for sha in entry.connection.execute(query, {"ticket_id": ticket_id}).scalars()}
    rows = [
        attachment_row(ticket_id, comment.id, position, part, entry.now if part.sha256 in here else None)
        for position, part in enumerate(comment.attachments)
    ]
    entry.connection.execute(insert(comment_attachments), rows)


def attachment_row(
    ticket_id: str, comment_id: str, position: int, part: Attachment, received_at: datetime | None
) -> dict[str, object]:
    """An attachment of a comment as the table has it."""
    return {
        "ticket_id": ticket_id, "comment_id": comment_id, "position": position, "sha256": part.sha256,
        "bytes": part.bytes, "name": cleaned(part.name), "media_type": part.media_type, "received_at": received_at,
    }  # fmt: skip


def _receipt(connection: Connection, table: Table, ticket_id: str, said_id: str) -> SaidReceipt:
    said = connection.execute(
        select(table.c.body_sha256, table.c.led_to).where(table.c.ticket_id == ticket_id, table.c.id == said_id)
    ).one()
    ticket = connection.execute(_REF, {"ticket_id": said.led_to or ticket_id}).one()
    missing = connection.execute(_MISSING, {"ticket_id": ticket_id, "said_id": said_id}).scalars()
    return SaidReceipt(
        ticket_id, said_id, said.body_sha256, ticket.id, ticket.number, ticket.status, tuple(dict.fromkeys(missing))
    )
