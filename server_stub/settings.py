"""What an administrator may set."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

MIB = 1024 * 1024
MANIFEST_BYTES = 256 * 1024
ATTACHMENTS_PER_REPORT = 40


@dataclass(frozen=True, slots=True)
class Settings:
    """The data folder and the limits of one server.

    Everything durable lies under `data`: the database, the attachments and the key that signs their links. `database`
    is the address of a PostgreSQL database, where that is used instead; it is asked for news to tell devices no sooner
    than after `fresh_s`. A closed ticket may be reopened for `reopen_days`, a solved one is closed after `close_days`.
    """

    data: Path
    database: URL | None = None
    max_attachment_bytes: int = 25 * MIB
    enrolments_per_hour: int = 600
    reports_per_hour: int = 600
    session_s: int = 12 * 60 * 60
    logins_per_quarter: int = 10
    logins_per_quarter_and_address: int = 30
    stall_s: float = 60.0
    fresh_s: float = 1.0
    reopen_days: int = 14
    close_days: int = 7

    @property
    def database_url(self) -> str | URL:
        """SQLAlchemy's URL of the database."""
        return self.database or f"sqlite:///{self.database_path}"

    @property
    def database_path(self) -> Path:
        """The SQLite database of this data folder."""
        return self.data / "deskbell.sqlite3"

    @property
    def key_path(self) -> Path:
        """The 32 bytes that sign links to attachments."""
        return self.data / "links.key"

    @property
    def is_initialised(self) -> bool:
        """Whether `deskbell-server init` has run for this folder."""
        return self.key_path.exists() and (self.database is not None or self.database_path.exists())


def make_private(folder: Path) -> None:
    """Create `folder` for its owner alone; an existing one loses the permissions of others."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        folder.chmod(0o700)
