"""Brings a database up to the schema that this program needs."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from server_stub.store.database import Database

HEAD = "0004"
SCRIPTS = Path(__file__).resolve().parent.parent / "migrations"


class NewerDatabase(Exception):
    """The database was written by a newer Deskbell than this one."""


def version(connection: Connection) -> str | None:
    """The schema's version, or None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("select version_num from alembic_version")).scalar()


def upgrade(database: Database) -> None:
    """Bring the database to `HEAD` in one transaction; cheap where it is there already.

    Raises NewerDatabase, and then has changed nothing.
    """
    with database.read() as connection:
        if version(connection) == HEAD:
            return

    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with database.write() as connection:
        database.lock(connection, "schema")  # two processes that start at once: the second one finds it done
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            if version(connection) not in (None, HEAD):
                raise NewerDatabase from error
            raise
