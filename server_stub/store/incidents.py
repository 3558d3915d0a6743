"""Incidents: outages that the desk knows of, so that nobody needs to report them again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from server_stub.store.clock import Clock
from server_stub.store.database import Database
from server_stub.store.tables import incidents


@dataclass(frozen=True, slots=True)
class Incident:
    """One that has not ended. `text` says more than the title, or nothing."""

    id: int
    title: str
    text: str
    since: datetime


class Incidents:
    """The incidents in the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, title: str, text: str) -> int:
        """Begin an incident, seen by every device from now on; its id."""
        values = {"title": title, "text": text, "since": self._clock()}
        with self._database.write() as connection:
            return int(connection.execute(insert(incidents).values(values).returning(incidents.c.id)).scalar_one())

    def end(self, incident_id: int) -> bool:
        """It is over; False where no such incident goes on."""
        going_on = (incidents.c.id == incident_id) & incidents.c.ended_at.is_(None)
        with self._database.write() as connection:
            done = connection.execute(update(incidents).where(going_on).values(ended_at=self._clock()))
        return done.rowcount == 1

    def current(self) -> list[Incident]:
        """What goes on, the latest first."""
        query = select(incidents).where(incidents.c.ended_at.is_(None)).order_by(incidents.c.id.desc())
        with self._database.read() as connection:
            return [Incident(row.id, row.title, row.text, row.since) for row in connection.execute(query)]
