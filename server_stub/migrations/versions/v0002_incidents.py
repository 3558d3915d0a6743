"""Incidents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server_stub.store.tables import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of incidents."""
    op.create_table(
        "incidents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_ended_at", "incidents", ["ended_at"], unique=False)
