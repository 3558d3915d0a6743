"""Sites: the companies or branches that report here, each with a public key."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from server_stub.store.clock import Clock
from server_stub.store.database import Database
from server_stub.store.tables import sites


class SiteExists(Exception):
    """There is a site of that name already."""


@dataclass(frozen=True, slots=True)
class Site:
    """One site. `site_key` is public: it lies in the configuration of every client."""

    id: int
    name: str
    site_key: str
    phone: str | None
    is_withdrawn: bool


class Sites:
    """The sites in the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, name: str, phone: str | None) -> Site:
        """Make a site with a new key. Raises SiteExists."""
        key = f"dbk_{secrets.token_urlsafe(24)}"
        values = {"name": name, "site_key": key, "phone": phone, "created_at": self._clock()}
        try:
            with self._database.write() as connection:
                connection.execute(insert(sites).values(values))
        except IntegrityError as error:
            raise SiteExists(name) from error
        return next(site for site in self.all() if site.site_key == key)

    def all(self) -> list[Site]:
        """Every site, by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(sites).order_by(sites.c.name))
            return [Site(row.id, row.name, row.site_key, row.phone, row.withdrawn_at is not None) for row in rows]

    def set_phone(self, name: str, phone: str | None) -> bool:
        """Change the phone number of the site called `name`; False where there is none."""
        with self._database.write() as connection:
            done = connection.execute(update(sites).where(sites.c.name == name).values(phone=phone))
        return done.rowcount == 1

    def withdraw(self, name: str) -> bool:
        """Let nobody enrol with this site's key any more; enrolled devices keep working. False where there is none."""
        with self._database.write() as connection:
            done = connection.execute(update(sites).where(sites.c.name == name).values(withdrawn_at=self._clock()))
        return done.rowcount == 1
