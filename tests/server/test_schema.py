"""Migrations lead to the tables, and the package carries what it needs to run."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from server_stub.store.database import Database
from server_stub.store.schema import HEAD, SCRIPTS, NewerDatabase, upgrade, version
from server_stub.store.tables import Moment, metadata
from tests.server.rig import REPOSITORY, FakeClock, command


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    yield database
    database.close()


def test_migrations_lead_from_nothing_to_exactly_the_tables(empty: Database) -> None:
    upgrade(empty)
    with empty.read() as connection:
        assert version(connection) == HEAD
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []


def test_the_comparison_would_notice_a_difference(empty: Database) -> None:
    upgrade(empty)
    with empty.write() as connection:
        connection.execute(text("drop index ix_tickets_status_number"))
        connection.execute(text("alter table sites add column colour varchar(10)"))
    with empty.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert {difference[0] for difference in differences} == {"add_index", "remove_column"}


def test_the_program_knows_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_bringing_up_to_date_again_changes_nothing(empty: Database) -> None:
    upgrade(empty)
    with empty.read() as connection:
        before = connection.execute(text("select sql from sqlite_master order by name")).all()
    upgrade(empty)
    with empty.read() as connection:
        assert connection.execute(text("select sql from sqlite_master order by name")).all() == before


def test_a_migration_that_fails_leaves_nothing_behind(empty: Database) -> None:
    with empty.write() as connection:
        connection.execute(text("create table tickets (id integer)"))
    with pytest.raises(Exception, match="already exists"):
        upgrade(empty)
    with empty.read() as connection:
        assert connection.execute(text("select name from sqlite_master")).scalars().all() == ["tickets"]


def test_a_newer_database_is_left_alone(empty: Database) -> None:
    upgrade(empty)
    with empty.write() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(NewerDatabase):
        upgrade(empty)


def test_run_refuses_a_newer_database_in_one_line(data: Path) -> None:
    database = Database(f"sqlite:///{data / 'deskbell.sqlite3'}")
    with database.write() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    database.close()
    result = command("run", "--data", str(data))
    assert result.returncode == 1
    assert "written by a newer Deskbell" in result.stderr
    assert result.stderr.count("\n") == 1


def test_commits_are_durable_and_keys_are_checked(empty: Database) -> None:
    with empty.read() as connection:
        assert connection.execute(text("pragma journal_mode")).scalar() == "wal"
        assert connection.execute(text("pragma synchronous")).scalar() == 2
        assert connection.execute(text("pragma foreign_keys")).scalar() == 1


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)
def test_the_tables_are_good_for_postgresql_as_well(table: Table) -> None:
    dialect = postgresql.dialect()
    assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
    for index in table.indexes:
        assert "CREATE INDEX" in str(CreateIndex(index).compile(dialect=dialect))


def test_times_keep_their_zone() -> None:
    moment = Moment()

    class Sqlite:
        name = "sqlite"

    at = FakeClock()()
    kept = moment.process_bind_param(at, Sqlite())  # type: ignore[arg-type]
    assert kept is not None
    assert kept.tzinfo is None
    assert moment.process_result_value(kept, Sqlite()) == at  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="zone"):
        moment.process_bind_param(kept, Sqlite())  # type: ignore[arg-type]


NEEDED = [
    "console/templates/base.html",
    "console/templates/docs.html",
    "console/templates/error.html",
    "console/templates/login.html",
    "console/templates/queue.html",
    "console/templates/ticket.html",
    "console/templates/words.html",
    "console/static/deskbell.css",
    "migrations/env.py",
    "migrations/script.py.mako",
    "migrations/versions/v0001_first_tables.py",
    "migrations/versions/v0002_incidents.py",
    "migrations/versions/v0003_count_of_changes.py",
]


@pytest.mark.parametrize("name", NEEDED)
def test_the_package_carries_its_data(name: str) -> None:
    assert files("server_stub").joinpath(*name.split("/")).is_file()


def test_the_list_of_data_is_complete() -> None:
    folder = REPOSITORY / "server_stub"
    found = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and (path.suffix != ".py" or "migrations" in path.parts)
    }
    assert found == set(NEEDED)
