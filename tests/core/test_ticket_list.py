"""What the user sees: the desk's tickets and what is on its way, in one list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from client.core import words
from client.core.errors import Rejected, Unreachable
from client.core.models import Changes, OperationKind, Receipt, Status, Ticket
from client.core.tickets.cache import Cache
from client.core.tickets.listing import Conversation, Queued, Sending, Tickets
from client.core.tickets.states import State
from tests.core.desk import LoopbackDesk
from tests.core.test_outbox import WORDS
from tests.core.tickets import ME, answered, ticket
from tests.core.workshop import Workshop


@pytest.fixture
def cache(shop: Workshop) -> Iterator[Cache]:
    with closing(Cache(shop.profile / "cache")) as made:
        yield made


@pytest.fixture
def tickets(shop: Workshop, cache: Cache) -> Tickets:
    return Tickets(shop.spool, cache)


def fill(cache: Cache, *several: Ticket) -> None:
    assert cache.apply(Changes("c", several), cache.cursor(), lambda *_: False)


def test_what_is_not_sent_yet_stands_before_the_tickets(
    shop: Workshop, desk: LoopbackDesk, cache: Cache, tickets: Tickets
) -> None:
    fill(cache, ticket(1), ticket(2, status=Status.PENDING))
    desk.failing = lambda *_: Unreachable(WORDS)
    first, second = (shop.report(text).report_id for text in ("first\n line", "second"))
    lines = tickets.page()
    assert [(line.number, line.state, line.headline) for line in lines] == [
        (None, State.NOT_SENT, "second"),
        (None, State.NOT_SENT, "first line"),
        (2, State.WAITING_FOR_YOU, "printer jams"),
        (1, State.WITH_IT, "printer jams"),
    ]
    assert [line.id for line in lines[:2]] == [second, first]
    assert [each.sending for each in lines[0].queued] == [Sending.WAITING]
    assert [line.number for line in tickets.page(start=1, limit=2)] == [None, 2]
    assert [line.number for line in tickets.page(start=3)] == [1]
    assert [line.headline for line in tickets.page("FIRST")] == ["first line"]
    assert [line.number for line in tickets.page(states=[State.NOT_SENT, State.WITH_IT])] == [None, None, 1]
    assert tickets.page(states=[State.CLOSED]) == ()
    assert tickets.counts() == {State.WITH_IT: 1, State.WAITING_FOR_YOU: 1}


def test_what_needs_attention_says_so_and_why(shop: Workshop, desk: LoopbackDesk, tickets: Tickets) -> None:
    desk.failing = lambda *_: Rejected(WORDS)
    report_id = shop.report("too big").report_id
    shop.deliver()
    (line,) = tickets.page()
    assert (line.needs_attention, line.queued[0].problem) == (True, WORDS)
    (shop.spool.attention / report_id / "manifest.json").write_bytes(b"{")
    with closing(Cache(shop.profile / "other")) as other:
        (line,) = Tickets(shop.spool, other).page()
    assert (line.id, line.headline, line.state) == (report_id, "", State.NOT_SENT)  # never absent


def test_what_was_done_to_a_ticket_waits_beside_it(
    shop: Workshop, desk: LoopbackDesk, cache: Cache, tickets: Tickets
) -> None:
    fill(cache, ticket(1))
    desk.failing = lambda *_: Unreachable(WORDS)
    reply, solved = shop.do(ticket(1).id, text="Floor 3"), shop.do(ticket(1).id, OperationKind.SOLVED)
    (line,) = tickets.page()
    assert (line.number, [each.id for each in line.queued]) == (1, [reply, solved])
    found = tickets.conversation(ticket(1).id)
    assert found
    assert (found.ticket, found.state) == (ticket(1), State.WITH_IT)
    assert [(each.sending, each.content and each.content.text) for each in found.queued] == [
        (Sending.WAITING, "Floor 3"),
        (Sending.WAITING, ""),
    ]


def test_a_report_that_is_not_sent_yet_is_a_conversation_already(
    shop: Workshop, desk: LoopbackDesk, tickets: Tickets
) -> None:
    desk.failing = lambda *_: Unreachable(WORDS)
    report_id = shop.report("offline").report_id
    reply = shop.do(report_id, text="and one more thing")
    found = tickets.conversation(report_id)
    assert found
    assert (found.ticket, found.state, [each.id for each in found.queued]) == (
        None,
        State.NOT_SENT,
        [report_id, reply],
    )
    assert tickets.conversation(ticket(7).id) is None


def test_with_its_cache_lost_a_ticket_that_something_waits_for_is_still_there(  # I2, I6
    shop: Workshop, desk: LoopbackDesk, tickets: Tickets
) -> None:
    report_id = shop.report("printer jams").report_id
    shop.deliver()
    desk.failing = lambda *_: Unreachable(WORDS)
    shop.do(report_id, text="Floor 3")
    (line,) = tickets.page()
    assert (line.number, line.state, line.headline) == (1001, State.WITH_IT, "printer jams")


def test_a_comment_is_there_between_being_sent_and_being_told_of(
    shop: Workshop, desk: LoopbackDesk, cache: Cache, tickets: Tickets
) -> None:
    report_id = shop.report("printer jams").report_id
    shop.deliver()
    tickets.note_delivered(report_id, Receipt(report_id, "", report_id, 1001, "new"))
    assert [(line.number, line.state) for line in tickets.page()] == [(1001, State.WITH_IT)]
    reply = shop.do(report_id, text="Floor 3")
    shop.deliver()
    tickets.note_delivered(reply, Receipt(report_id, "", report_id, 1001, "open", operation_id=reply))
    assert _queued(tickets.conversation(report_id)) == [(reply, Sending.SENT)]
    told = answered(ticket(1001, ticket_id=report_id), "Floor 3", reply, ME)
    fill(cache, told)
    assert tickets.conversation(report_id) == Conversation(report_id, told)
    tickets.note_delivered(report_id, Receipt(report_id, "", report_id, 1001, "new"))  # late: the desk told more
    assert tickets.conversation(report_id) == Conversation(report_id, told)


def _queued(found: Conversation | None) -> list[tuple[str, Sending]]:
    assert found
    return [(each.id, each.sending) for each in found.queued]


def test_what_is_both_in_attention_and_a_ticket_is_one_line(
    shop: Workshop, desk: LoopbackDesk, cache: Cache, tickets: Tickets
) -> None:
    desk.failing = lambda *_: Rejected(WORDS)
    report_id = shop.report("left out").report_id
    shop.deliver()
    fill(cache, replace(ticket(5), id=report_id))
    (line,) = tickets.page()
    assert (line.number, line.needs_attention) == (5, True)


def test_states_are_in_the_words_of_an_employee() -> None:
    words.use("en")
    assert [state.words for state in State] == [
        "Not sent yet",
        "With IT",
        "In progress",
        "Waiting for you",
        "Solved",
        "Closed",
    ]


def test_a_disk_in_the_way_hides_nothing_that_is_not_sent(shop: Workshop, tmp_path: Path) -> None:
    (shop.profile / "cache").mkdir(parents=True)
    (shop.profile / "cache" / "tickets.sqlite3").mkdir()
    with closing(Cache(shop.profile / "cache")) as cache:
        shop.report("offline")
        assert [line.headline for line in Tickets(shop.spool, cache).page()] == ["offline"]
        assert cache.cursor() is None


def test_a_queued_entry_that_cannot_be_understood_is_its_own_ticket() -> None:
    assert Queued("some-id", Sending.WAITING).ticket_id == "some-id"
