"""Whether the database answers, and a few numbers about it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from server_stub.store.database import Database
from server_stub.store.schema import version
from server_stub.store.tables import attachments, devices, tickets


class Figures:
    """Counts that name nobody."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def probe(self) -> None:
        """Read something small. Raises what the database raises where it does not answer."""
        with self._database.read() as connection:
            version(connection)

    def counts(self) -> Mapping[str, int]:
        """Tickets, devices and awaited attachments."""
        with self._database.read() as connection:
            by_status = connection.execute(
                select(tickets.c.status, func.count()).where(tickets.c.deleted_at.is_(None)).group_by(tickets.c.status)
            ).all()
            enrolled = connection.execute(select(func.count()).select_from(devices)).scalar_one()
            missing = connection.execute(
                select(func.count()).select_from(attachments).where(attachments.c.received_at.is_(None))
            ).scalar_one()
        counts = {f'deskbell_tickets{{status="{status}"}}': count for status, count in by_status}
        return {**counts, "deskbell_devices": enrolled, "deskbell_attachments_missing": missing}
