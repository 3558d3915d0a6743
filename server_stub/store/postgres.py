"""What is PostgreSQL's own: its address, how a connection is made, locks by name, and telling other processes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Connection, bindparam, func, make_url, select
from sqlalchemy.exc import ArgumentError

# A transaction waits for another one at most so long; a commit is on disk whatever the administrator's default is.
_SESSION = "-c lock_timeout=5s -c idle_in_transaction_session_timeout=60s -c synchronous_commit=on"
_LOCK = select(func.pg_advisory_xact_lock(bindparam("key")))
CHANNEL = "deskbell_tickets"
_NOTIFY = select(func.pg_notify(CHANNEL, bindparam("payload")))


class NotPostgres(ValueError):
    """The text is no address of a PostgreSQL database. It may hold a password, so it is not quoted."""


def address(text: str) -> URL:
    """``postgresql://user:password@host:port/database`` for our driver. Raises NotPostgres."""
    try:
        url = make_url(text.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):
        raise NotPostgres from None
    if url.get_backend_name() != "postgresql" or not url.database:
        raise NotPostgres
    return url.set(drivername="postgresql+psycopg")


def options() -> Mapping[str, Any]:
    """How SQLAlchemy connects. A connection that was lost meanwhile is noticed before it is used."""
    connect = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "options": _SESSION, "application_name": "deskbell"}
    return {"pool_pre_ping": True, "pool_timeout": 10, "connect_args": connect}


def lock(connection: Connection, name: str) -> None:
    """Wait until no other transaction holds the lock of that name, and hold it until this one ends."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    connection.execute(_LOCK, {"key": int.from_bytes(digest, signed=True)})


def notify(connection: Connection, change: int, device_id: str) -> None:
    """Tell every process that listens, at the commit, that this change was made to a ticket of that device."""
    connection.execute(_NOTIFY, {"payload": f"{change} {device_id}"})
