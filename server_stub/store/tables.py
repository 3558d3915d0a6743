"""The tables. Migrations lead to exactly this; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware time. Kept with its zone where the database can, as UTC without one where it cannot (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Take only aware times."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give back only aware times."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


sites = Table(
    "sites",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("site_key", String(64), nullable=False, unique=True),
    Column("phone", String(64)),
    Column("created_at", Moment, nullable=False),
    Column("withdrawn_at", Moment),
)

devices = Table(
    "devices",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("secret_sha256", String(64), nullable=False),
    Column("site_id", Integer, ForeignKey("sites.id"), nullable=False),
    Column("client", String(100), nullable=False),
    Column("address", String(64), nullable=False),
    Column("enrolled_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Index(None, "address", "enrolled_at"),
)

tickets = Table(
    "tickets",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("device_id", String(36), ForeignKey("devices.id"), nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("category", String(40)),
    Column("blocking", Boolean, nullable=False),
    Column("requester_name", String(255), nullable=False),
    Column("host", String(255), nullable=False),
    Column("pictures", Integer, nullable=False),
    Column("agent_id", Integer, ForeignKey("agents.id")),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("deleted_at", Moment),
    # The number of its latest change: no two changes have the same one, and they are given in the order of commits.
    Column("changed", Integer, nullable=False),
    Column("status_at", Moment, nullable=False),
    Column("picked_up_at", Moment),
    Column("closes_at", Moment, index=True),
    Column("rating_stars", Integer),
    Column("rating_text", Text),
    Index(None, "device_id", "created_at"),
    Index(None, "device_id", "changed"),
    Index(None, "changed"),
    Index(None, "agent_id", "number"),
    Index(None, "status", "number"),
    Index(None, "deleted_at", "number"),
)

manifests = Table(
    "manifests",
    metadata,
    Column("ticket_id", String(36), ForeignKey("tickets.id"), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

holders = Table(
    "holders",
    metadata,
    Column("ticket_id", String(36), ForeignKey("tickets.id"), primary_key=True),
    Column("device_id", String(36), ForeignKey("devices.id"), primary_key=True),
)

attachments = Table(
    "attachments",
    metadata,
    Column("ticket_id", String(36), ForeignKey("tickets.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("sha256", String(64), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("received_at", Moment),
    Index(None, "ticket_id", "sha256"),
)

# `agent_id` or `device_id` says whose comment it is. An internal one never reaches a device.
comments = Table(
    "comments",
    metadata,
    Column("ticket_id", String(36), ForeignKey("tickets.id"), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("change", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("agent_id", Integer, ForeignKey("agents.id")),
    Column("device_id", String(36), ForeignKey("devices.id")),
    Column("body_sha256", String(64)),
    Column("text", Text, nullable=False),
    Column("is_internal", Boolean, nullable=False),
    Column("is_thanks", Boolean, nullable=False),
    Column("led_to", String(36), ForeignKey("tickets.id")),
    Index(None, "device_id", "at"),
)

comment_attachments = Table(
    "comment_attachments",
    metadata,
    Column("ticket_id", String(36), primary_key=True),
    Column("comment_id", String(36), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("sha256", String(64), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("name", String(255), nullable=False),
    Column("media_type", String(130), nullable=False),
    Column("received_at", Moment),
    ForeignKeyConstraint(["ticket_id", "comment_id"], ["comments.ticket_id", "comments.id"]),
    Index(None, "ticket_id", "sha256"),
)

# What a requester did with a ticket, by the id that the client gave it. `led_to` is the ticket that goes on instead.
operations = Table(
    "operations",
    metadata,
    Column("ticket_id", String(36), ForeignKey("tickets.id"), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("device_id", String(36), ForeignKey("devices.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("body_sha256", String(64), nullable=False),
    Column("led_to", String(36), ForeignKey("tickets.id")),
    Index(None, "device_id", "at"),
)

# What happened to a ticket. Without an agent and not by the requester, it happened by itself.
events = Table(
    "events",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("ticket_id", String(36), ForeignKey("tickets.id"), nullable=False),
    Column("change", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("agent_id", Integer, ForeignKey("agents.id")),
    Column("is_requester", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "ticket_id", "change"),
)

# `ticket_id` goes on where `other_id` ended.
links = Table(
    "links",
    metadata,
    Column("ticket_id", String(36), ForeignKey("tickets.id"), primary_key=True),
    Column("other_id", String(36), ForeignKey("tickets.id"), primary_key=True),
    Column("kind", String(16), nullable=False),
    Index(None, "other_id"),
)

agents = Table(
    "agents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("login", String(100), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("on_duty", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("agent_id", Integer, ForeignKey("agents.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("login_sha256", String(64), nullable=False),
    Column("address", String(64), nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Index(None, "login_sha256", "at"),
    Index(None, "address", "at"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("ended_at", Moment, index=True),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Integer, nullable=False),
)
