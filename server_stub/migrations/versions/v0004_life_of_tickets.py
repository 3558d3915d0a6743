"""What becomes of a ticket: comments, events, operations, links, and the number of each ticket's latest change."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

from server_stub.store.tables import Moment

revision = "0004"
down_revision = "0003"

_LONG_AGO = sa.text("'2000-01-01 00:00:00'")


def upgrade() -> None:
    """Make the tables. Tickets that are there begin with the event of being filed, changed in their order."""
    _widen_tickets()
    _make_comments()
    op.create_table(
        "operations",
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("led_to", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_operations_device_id_devices"),
        sa.ForeignKeyConstraint(["led_to"], ["tickets.id"], name="fk_operations_led_to_tickets"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_operations_ticket_id_tickets"),
        sa.PrimaryKeyConstraint("ticket_id", "id", name="pk_operations"),
    )
    op.create_index("ix_operations_device_id_at", "operations", ["device_id", "at"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("is_requester", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_events_agent_id_agents"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_events_ticket_id_tickets"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
    )
    op.create_index("ix_events_ticket_id_change", "events", ["ticket_id", "change"], unique=False)
    op.create_table(
        "links",
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("other_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["other_id"], ["tickets.id"], name="fk_links_other_id_tickets"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_links_ticket_id_tickets"),
        sa.PrimaryKeyConstraint("ticket_id", "other_id", name="pk_links"),
    )
    op.create_index("ix_links_other_id", "links", ["other_id"], unique=False)
    # A ticket has one such event, so that its id may be the ticket's.
    op.execute(
        "INSERT INTO events (id, ticket_id, change, at, kind, is_requester, text)"
        " SELECT id, id, number, created_at, 'filed', true, '' FROM tickets"
    )
    op.execute("INSERT INTO counters (name, value) SELECT 'changed', value FROM counters WHERE name = 'ticket'")
    # By it a cursor is known to be of this database and of no other.
    origin = sa.text("INSERT INTO counters (name, value) VALUES ('origin', :value)")
    op.execute(origin.bindparams(value=secrets.randbelow(2**31)))


def _widen_tickets() -> None:
    op.add_column("tickets", sa.Column("changed", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("tickets", sa.Column("status_at", Moment(), nullable=False, server_default=_LONG_AGO))
    op.add_column("tickets", sa.Column("picked_up_at", Moment(), nullable=True))
    op.add_column("tickets", sa.Column("closes_at", Moment(), nullable=True))
    op.add_column("tickets", sa.Column("rating_stars", sa.Integer(), nullable=True))
    op.add_column("tickets", sa.Column("rating_text", sa.Text(), nullable=True))
    op.create_index("ix_tickets_device_id_changed", "tickets", ["device_id", "changed"], unique=False)
    op.create_index("ix_tickets_changed", "tickets", ["changed"], unique=False)
    op.create_index("ix_tickets_agent_id_number", "tickets", ["agent_id", "number"], unique=False)
    op.create_index("ix_tickets_closes_at", "tickets", ["closes_at"], unique=False)
    op.execute("UPDATE tickets SET changed = number, status_at = updated_at")


def _make_comments() -> None:
    op.create_table(
        "comments",
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("device_id", sa.String(length=36), nullable=True),
        sa.Column("body_sha256", sa.String(length=64), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_internal", sa.Boolean(), nullable=False),
        sa.Column("is_thanks", sa.Boolean(), nullable=False),
        sa.Column("led_to", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_comments_agent_id_agents"),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_comments_device_id_devices"),
        sa.ForeignKeyConstraint(["led_to"], ["tickets.id"], name="fk_comments_led_to_tickets"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_comments_ticket_id_tickets"),
        sa.PrimaryKeyConstraint("ticket_id", "id", name="pk_comments"),
    )
    op.create_index("ix_comments_device_id_at", "comments", ["device_id", "at"], unique=False)
    op.create_table(
        "comment_attachments",
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("comment_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=130), nullable=False),
        sa.Column("received_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id", "comment_id"],
            ["comments.ticket_id", "comments.id"],
            name="fk_comment_attachments_ticket_id_comments",
        ),
        sa.PrimaryKeyConstraint("ticket_id", "comment_id", "position", name="pk_comment_attachments"),
    )
    op.create_index(
        "ix_comment_attachments_ticket_id_sha256", "comment_attachments", ["ticket_id", "sha256"], unique=False
    )
