"""Writers that wait for one another share a commit, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from server_stub.store.database import Database, is_full
from tests.rigs.waiting import wait_until

WRITERS = 8
Work = Callable[[Connection], None]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'some.sqlite3'}")
    with database.write() as connection:
        connection.execute(text("create table notes (n integer primary key, body text)"))
    yield database
    database.close()


def keeping(n: int, body: str = "") -> Work:
    def work(connection: Connection) -> None:
        connection.execute(text("insert into notes values (:n, :body)"), {"n": n, "body": body})

    return work


def kept(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(text("select n from notes order by n")).scalars())


def together(database: Database, works: list[Work]) -> list[Future[None]]:
    """All of them in one batch: they wait in line while somebody else writes."""
    is_first, go_on = threading.Event(), threading.Event()

    def first() -> None:
        with database.write():
            is_first.set()
            assert go_on.wait(20)

    def write(work: Work) -> None:
        with database.write() as connection:
            work(connection)

    with ThreadPoolExecutor(len(works) + 1) as pool:
        pool.submit(first)
        assert is_first.wait(20)
        futures = [pool.submit(write, work) for work in works]
        wait_until(lambda: len(database._batches._line) == len(works), "all to stand in line")
        go_on.set()
    return futures


def commits(database: Database) -> list[int]:
    """What was there, as others saw it, at each commit from now on."""
    seen: list[int] = []
    event.listen(database.engine, "commit", lambda _connection: seen.append(len(kept(database))))
    return seen


def test_those_who_wait_are_committed_at_once_and_not_sooner(database: Database) -> None:
    seen = commits(database)
    futures = together(database, [keeping(n) for n in range(WRITERS)])
    assert [future.result() for future in futures] == [None] * WRITERS
    assert seen == [0]
    assert kept(database) == list(range(WRITERS))


def test_one_that_fails_takes_nobody_along_wherever_it_stands_in_line(database: Database) -> None:
    def failing(connection: Connection) -> None:
        keeping(100)(connection)
        raise ZeroDivisionError

    for place in (0, WRITERS // 2, WRITERS):
        works = [keeping(place * WRITERS + n) for n in range(WRITERS)]
        works.insert(place, failing)
        before = kept(database)
        futures = together(database, works)
        assert sum(isinstance(future.exception(), ZeroDivisionError) for future in futures) == 1
        assert len(kept(database)) == len(before) + WRITERS
        assert 100 not in kept(database)


def test_a_key_that_is_taken_is_the_fault_of_who_wants_it_alone(database: Database) -> None:
    futures = together(database, [keeping(n % 4) for n in range(WRITERS)])
    assert sum(isinstance(future.exception(), DBAPIError) for future in futures) == WRITERS - 4
    assert kept(database) == [0, 1, 2, 3]


def test_who_is_told_that_it_is_kept_finds_it_whatever_the_disk_does(database: Database) -> None:
    with database.write() as connection:
        pages = connection.execute(text("pragma page_count")).scalar_one()
    event.listen(database.engine, "begin", lambda c: c.exec_driver_sql(f"pragma max_page_count = {pages + 6}"))
    futures = together(database, [keeping(n, "x" * 3000) for n in range(WRITERS)])
    told = sum(future.exception() is None for future in futures)
    errors = [error for future in futures if isinstance(error := future.exception(), DBAPIError)]
    assert len(errors) == WRITERS - told > 0
    assert all(is_full(error) for error in errors)
    assert len(kept(database)) == told


def test_a_commit_that_fails_fails_for_all_of_them_and_the_next_one_is_well(database: Database) -> None:
    failing = [True]

    def fail(_connection: Connection) -> None:
        if failing:
            failing.clear()
            raise OperationalError("commit", {}, Exception("disk I/O error"))

    event.listen(database.engine, "commit", fail)
    futures = together(database, [keeping(n) for n in range(WRITERS)])
    errors = [future.exception() for future in futures]
    assert all(isinstance(error, OperationalError) for error in errors)
    assert len(set(map(id, errors))) == WRITERS
    assert kept(database) == []
    with database.write() as connection:
        keeping(1)(connection)
    assert kept(database) == [1]


def test_who_cannot_begin_since_another_program_writes_says_so_and_is_well_later(
    database: Database,
) -> None:
    other = Database(str(database.engine.url))
    with database.write() as connection:
        connection.exec_driver_sql("pragma busy_timeout = 10")
    with other.write(), pytest.raises(OperationalError, match="locked"), database.write() as connection:
        keeping(1)(connection)
    with database.write() as connection:
        keeping(2)(connection)
    assert kept(database) == [2]
    other.close()
