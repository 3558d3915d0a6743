"""Migrations lead to the tables, and the package carries what it needs to run."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from alembic import command as command_of_alembic
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
    "console/templates/conversation.html",
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
    "migrations/versions/v0004_life_of_tickets.py",
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


def test_tickets_of_an_older_database_begin_their_life_with_being_filed(empty: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with empty.write() as connection:
        config.attributes["connection"] = connection
        command_of_alembic.upgrade(config, "0003")
        connection.execute(
            text("insert into sites (id, name, site_key, created_at) values (1, 'S', 'k', '2026-01-01')")
        )
        connection.execute(
            text(
                "insert into devices (id, secret_sha256, site_id, client, address, enrolled_at)"
                " values ('d', 's', 1, 'c', 'a', '2026-01-01')"
            )
        )
        for number in (1001, 1002):
            connection.execute(
                text(
                    "insert into tickets (id, number, device_id, manifest_sha256, status, text, blocking,"
                    " requester_name, host, pictures, created_at, updated_at)"
                    " values (:id, :number, 'd', 'm', 'new', 't', false, 'n', 'h', 0, :at, :at)"
                ),
                {"id": f"t{number}", "number": number, "at": "2026-01-02 03:04:05"},
            )
        connection.execute(text("update counters set value = 1002 where name = 'ticket'"))
    upgrade(empty)
    with empty.read() as connection:
        rows = connection.execute(text("select id, changed, status_at from tickets order by number")).all()
        assert [tuple(row) for row in rows] == [
            ("t1001", 1001, "2026-01-02 03:04:05"),
            ("t1002", 1002, "2026-01-02 03:04:05"),
        ]
        filed = connection.execute(text("select ticket_id, change, kind, is_requester from events order by change"))
        assert [tuple(row) for row in filed] == [("t1001", 1001, "filed", 1), ("t1002", 1002, "filed", 1)]
        assert connection.execute(text("select value from counters where name = 'changed'")).scalar() == 1002
