"""The cache of tickets: fast, shared by processes, and no loss when it is lost."""

from __future__ import annotations

import os
import sqlite3
import stat
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from client.core.events import NoticeKind
from client.core.models import Changes, Comment, Enclosure, Person, Rating, Status, Ticket, TicketEvent, TicketLink
from client.core.spool import Spool
from client.core.tickets import record
from client.core.tickets.cache import Cache
from client.core.tickets.listing import Tickets
from tests.core.tickets import AT, BO, answered, ticket


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with closing(Cache(tmp_path / "cache")) as made:
        yield made


def never(_key: str, _at: object) -> bool:
    return False


def fill(cache: Cache, *tickets: Ticket, cursor: str = "c1", asked_with: str | None = None, **how: bool) -> bool:
    return cache.apply(Changes(cursor, tickets, **how), asked_with, never)


def numbers(cache: Cache, *words: str, statuses: tuple[Status, ...] = (), start: int = 0, limit: int = 50) -> list[int]:
    return [row.number for row in cache.page(words, statuses, start, limit)]


def test_a_ticket_comes_back_as_it_was_told(cache: Cache) -> None:
    picture = Enclosure("ab" * 32, 5, "shot.png", "image/png", is_here=False)
    whole = replace(
        ticket(1),
        agent="Bo Lind",
        category="printer",
        blocking=True,
        picked_up_at=AT,
        closes_at=AT + timedelta(days=7, microseconds=1),
        missing=("cd" * 32,),
        links=(TicketLink(ticket(2).id, 2),),
        rating=Rating(4, "quick"),
        comments=(Comment("c1", AT, BO, "Which\nprinter?", True, (picture,)),),
        events=(TicketEvent("e1", AT, "closed"), TicketEvent("e2", AT, "taken", Person("Anna", is_me=True), "x")),
        attachments=(picture,),
    )
    assert record.decode(record.encode(whole)) == whole
    fill(cache, whole)
    assert cache.ticket(whole.id) == whole
    assert cache.id_of(1) == whole.id
    assert cache.ticket(ticket(2).id) is None


def test_the_list_has_the_newest_change_first_and_finds_words_in_all_that_was_said(cache: Cache) -> None:
    fill(cache, ticket(1, "Drucker klemmt"), answered(ticket(2, "VPN"), "Which GATEWAY?"), ticket(3, "Straße 100% _x"))
    assert numbers(cache) == [2, 3, 1]
    assert numbers(cache, "gateway", "vpn") == [2]
    assert numbers(cache, "gateway", "klemmt") == []
    assert [numbers(cache, word) for word in ("STRASSE", "%", "_", "'; drop table tickets", "1")] == [
        [3],
        [3],
        [3],
        [],
        [3, 1],
    ]
    assert numbers(cache, limit=1, start=1) == [3]
    fill(cache, replace(ticket(1, "Drucker klemmt"), updated_at=AT + timedelta(days=9)), cursor="c2", asked_with="c1")
    assert numbers(cache) == [1, 2, 3]


def test_the_list_is_filtered_by_status(cache: Cache) -> None:
    fill(cache, ticket(1), ticket(2, status=Status.SOLVED), ticket(3, status=Status.CLOSED))
    assert numbers(cache, statuses=(Status.SOLVED, Status.CLOSED)) == [3, 2]
    assert cache.counts() == {Status.NEW: 1, Status.SOLVED: 1, Status.CLOSED: 1}


def test_what_others_did_is_news_and_unread_until_it_is_seen(cache: Cache) -> None:
    mine = Comment("c0", AT, Person("Anna", is_me=True), "Floor 3")
    fill(cache, replace(ticket(1), comments=(mine,)), answered(ticket(2)))
    assert [(each.ticket_id, each.kind) for each in cache.news()] == [(ticket(2).id, NoticeKind.ANSWERED)]
    assert [row.is_unread for row in cache.page((), (), 0, 9)] == [True, False]
    assert cache.unread() == 1
    assert cache.mark_read(ticket(2).id)
    assert not cache.mark_read(ticket(2).id)
    assert cache.unread() == 0
    fill(cache, answered(ticket(2)), cursor="c2", asked_with="c1")  # the same again
    assert cache.unread() == 0
    fill(cache, answered(ticket(2), "And?", "c2"), cursor="c3", asked_with="c2")
    assert cache.unread() == 1


def test_whoever_asked_with_an_older_cursor_takes_nothing_in(tmp_path: Path) -> None:  # I9
    with closing(Cache(tmp_path / "cache")) as first, closing(Cache(tmp_path / "cache")) as second:
        assert fill(first, ticket(1), cursor="c1")
        assert not fill(second, cursor="c9", asked_with="c0")
        assert (second.cursor(), numbers(second)) == ("c1", [1])
        assert fill(second, ticket(2), cursor="c2", asked_with="c1")
        assert numbers(first) == [2, 1]


def test_a_desk_that_begins_anew_drops_what_it_does_not_name_again(cache: Cache) -> None:
    fill(cache, ticket(1), ticket(2), ticket(3))
    fill(cache, ticket(2), cursor="d1", asked_with="c1", is_reset=True, has_more=True)
    assert numbers(cache) == [3, 2, 1]  # not before all is told
    fill(cache, ticket(4), cursor="d2", asked_with="d1")
    assert numbers(cache) == [4, 2]


@pytest.mark.parametrize(
    "damage", [b"", b"no database at all, but of some length" * 50, b"SQLite format 3\x00" + b"?" * 4096]
)
def test_a_damaged_cache_is_made_anew(tmp_path: Path, damage: bytes) -> None:  # I6
    path = tmp_path / "cache" / "tickets.sqlite3"
    with closing(Cache(path.parent)) as cache:
        fill(cache, ticket(1))
    path.write_bytes(damage)
    with closing(Cache(path.parent)) as cache:
        assert (cache.cursor(), numbers(cache), cache.ticket(ticket(1).id)) == (None, [], None)
        assert fill(cache, ticket(2))
        assert numbers(cache) == [2]


@pytest.mark.parametrize(
    "damage",
    [
        "update tickets set body = '{'",
        "update tickets set body = replace(body, '\"new\"', '\"lost\"')",
        "update tickets set body = replace(body, 'abababab', '../../../')",
        "update tickets set status = 'lost'",
        "update tickets set changed_us = 9e30",
        "update tickets set number = 'x'",
        "drop table tickets",
        "alter table tickets drop column body",
        "pragma user_version = 99",
        "create table more (x); drop table state",
    ],
)
def test_scrambled_rows_are_not_believed(tmp_path: Path, damage: str) -> None:  # I6
    path = tmp_path / "cache" / "tickets.sqlite3"
    with closing(Cache(path.parent)) as cache:
        fill(cache, replace(ticket(1), attachments=(Enclosure("ab" * 32, 5, "shot.png", "image/png"),)))
    with closing(sqlite3.connect(path)) as other:
        other.executescript(damage)
    with closing(Cache(path.parent)) as cache:
        numbers(cache)
        cache.ticket(ticket(1).id)
        assert (cache.cursor(), numbers(cache)) == (None, [])
        assert fill(cache, ticket(1))
        assert numbers(cache) == [1]


def test_bits_that_flip_anywhere_end_no_program(tmp_path: Path) -> None:  # I6
    path = tmp_path / "cache" / "tickets.sqlite3"
    with closing(Cache(path.parent)) as cache:
        fill(cache, *(answered(ticket(number, f"text {number}")) for number in range(20)))
    whole = path.read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 150)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
        with closing(Cache(path.parent)) as cache:
            numbers(cache)
            cache.news()
            cache.ticket(ticket(3).id)
            fill(cache, ticket(99), cursor="c2", asked_with=cache.cursor())
            assert 99 in numbers(cache)


def test_a_cache_deleted_under_a_running_program_is_made_anew(cache: Cache, tmp_path: Path) -> None:
    fill(cache, ticket(1))
    for path in (tmp_path / "cache").iterdir():
        path.unlink()
    (tmp_path / "cache").rmdir()
    assert cache.cursor() is None
    assert fill(cache, ticket(2))
    assert numbers(cache) == [2]


def test_where_nothing_can_be_kept_it_lasts_as_long_as_the_program(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the place of the folder")
    with closing(Cache(tmp_path / "cache")) as cache:
        assert fill(cache, ticket(1))
        assert numbers(cache) == [1]


def test_the_cache_is_for_this_user_alone(cache: Cache, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        fill(cache, ticket(1))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "cache").iterdir()} == {0o600}


def test_ten_thousand_tickets_are_listed_without_a_pause(cache: Cache, tmp_path: Path) -> None:
    words = "the printer on floor three jams when it prints on both sides and says nothing about it "
    for start in range(0, 10_000, 500):
        several = [
            answered(ticket(number, f"{number} {words * 3}", status=list(Status)[number % 5]), words * 5)
            for number in range(start, start + 500)
        ]
        fill(cache, *several, cursor=f"c{start + 500}", asked_with=f"c{start}" if start else None)
    tickets = Tickets(Spool(tmp_path / "spool"), cache)

    def median_ms(**asked: str) -> float:
        took = []
        for _ in range(9):
            began = time.perf_counter()
            assert tickets.page(**asked)  # type: ignore[arg-type]
            took.append((time.perf_counter() - began) * 1000)
        return statistics.median(took)

    first = median_ms()
    print(f"first page {first:.1f} ms, found by words {median_ms(search='9999 jams'):.1f} ms")
    assert first < 20
