"""Devices: who may report, and read what it reported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, insert, select, update

from server_stub.errors import DeviceTaken, Revoked, TooManyEnrolments, UnknownSite
from server_stub.store.clock import Clock
from server_stub.store.database import Database
from server_stub.store.tables import devices, sites

HOUR = timedelta(hours=1)

# Built once: to build a statement costs SQLAlchemy several times what SQLite takes to run it.
_FIND = (
    select(devices.c.id, devices.c.secret_sha256, devices.c.revoked_at, sites.c.name, sites.c.phone)
    .join(sites, sites.c.id == devices.c.site_id)
    .where(devices.c.id == bindparam("device_id"))
)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a device says of itself: its id, and the SHA-256 (hex) of its secret."""

    device_id: str
    secret_sha256: str


@dataclass(frozen=True, slots=True)
class Device:
    """An enrolled device with its site."""

    id: str
    secret_sha256: str
    is_revoked: bool
    site_name: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a device sends to enrol; `address` is the peer that it came from."""

    site_key: str
    client: str
    address: str


class Devices:
    """The devices in the database."""

    def __init__(self, database: Database, clock: Clock, enrolments_per_hour: int) -> None:
        self._database = database
        self._clock = clock
        self._limit = enrolments_per_hour

    def find(self, device_id: str) -> Device | None:
        """The device of that id, by one indexed query."""
        with self._database.read() as connection:
            return _find(connection, device_id)

    def enrol(self, credential: Credential, enrolment: Enrolment) -> tuple[Device, bool]:
        """Enrol a device, or find that it is; True where it is new.

        Raises UnknownSite, DeviceTaken, Revoked, TooManyEnrolments.
        """
        with self._database.write() as connection:
            # Nobody may enrol the same id between the look and the insert.
            self._database.lock(connection, f"device {credential.device_id}")
            return self._enrol(connection, credential, enrolment)

    def revoke(self, device_id: str) -> bool:
        """Shut a device out; False where there is none of that id."""
        with self._database.write() as connection:
            done = connection.execute(
                update(devices).where(devices.c.id == device_id).values(revoked_at=self._clock()),
            )
        return done.rowcount == 1

    def _enrol(self, connection: Connection, credential: Credential, enrolment: Enrolment) -> tuple[Device, bool]:
        known = _find(connection, credential.device_id)
        if known is not None:
            if known.secret_sha256 != credential.secret_sha256:
                raise DeviceTaken
            if known.is_revoked:
                raise Revoked
            return known, False

        site_id = connection.execute(
            select(sites.c.id).where(sites.c.site_key == enrolment.site_key, sites.c.withdrawn_at.is_(None)),
        ).scalar()
        if site_id is None:
            raise UnknownSite
        now = self._clock()
        self._refuse_floods(connection, enrolment.address, now)
        connection.execute(
            insert(devices).values(
                id=credential.device_id,
                secret_sha256=credential.secret_sha256,
                site_id=site_id,
                client=enrolment.client,
                address=enrolment.address,
                enrolled_at=now,
            )
        )
        device = _find(connection, credential.device_id)
        if device is None:
            raise LookupError("the device that was just enrolled")
        return device, True

    def _refuse_floods(self, connection: Connection, address: str, now: datetime) -> None:
        self._database.lock(connection, f"enrolments from {address}")
        recent = (devices.c.address == address) & (devices.c.enrolled_at > now - HOUR)
        count, oldest_at = connection.execute(
            select(func.count(), func.min(devices.c.enrolled_at)).where(recent),
        ).one()
        if count >= self._limit:
            raise TooManyEnrolments(retry_after_s=seconds_until(now, (oldest_at or now) + HOUR))


def seconds_until(now: datetime, then: datetime) -> int:
    """Whole seconds from `now` to `then`, at least one."""
    return max(1, int((then - now).total_seconds()) + 1)


def _find(connection: Connection, device_id: str) -> Device | None:
    row = connection.execute(_FIND, {"device_id": device_id}).first()
    if row is None:
        return None
    return Device(row.id, row.secret_sha256, row.revoked_at is not None, row.name, row.phone)
