"""The count of changes to what devices are told."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Begin to count."""
    op.execute("INSERT INTO counters (name, value) VALUES ('told', 0)")
