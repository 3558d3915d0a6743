"""When the desk is asked, and for how long it is waited for."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from client.core.errors import Problem, Rejected, ServerFault, Throttled, Unanswered, Unreachable
from client.core.schedule import LAST_RETRY_S
from client.core.tickets.rhythm import LONGEST_S, POLL_S, REST_S, SHORTEST_S, SPREAD_S, TRY_LONG_S, Rhythm

WORDS = Problem("some", "Some title")


@dataclass
class Line:
    """A desk that is asked by the rhythm: time passes as the answers take it."""

    chance: float = 0.5
    now: float = 1000.0
    rhythm: Rhythm = field(init=False)

    def __post_init__(self) -> None:
        self.rhythm = Rhythm(lambda: self.now, lambda: self.chance)

    def answers(self, took_s: float | None = None, *, news: bool = False, resting: bool = False) -> float:
        took_s = self.rhythm.wait_s if took_s is None else took_s
        self.now += took_s
        return self.rhythm.answered(took_s, is_news=news, is_resting=resting)

    def fails(self, error: type[Unanswered | Unreachable | ServerFault] = Unanswered) -> float:
        return self.rhythm.failed(error(WORDS))

    def is_cut(self) -> float:
        """A proxy ends a wait, and lets everything else through; how long is waited next."""
        self.now += self.fails() + self.answers()
        return self.rhythm.wait_s


def test_the_first_question_is_answered_at_once_and_then_the_desk_is_waited_for() -> None:
    line = Line()
    assert line.rhythm.wait_s == 0
    assert line.answers() == 0
    assert (line.rhythm.wait_s, line.answers(), line.rhythm.wait_s) == (LONGEST_S, 0, LONGEST_S)
    assert line.answers(3, news=True) == 0


def test_where_waiting_is_cut_it_becomes_shorter_and_at_last_polling() -> None:
    line = Line()
    line.answers()
    waits = []
    while wait_s := line.is_cut():
        waits.append(wait_s)
        assert wait_s >= SHORTEST_S
        line.answers()
    assert waits == [LONGEST_S / 2, LONGEST_S / 4, LONGEST_S / 8]
    assert line.answers() == POLL_S
    line.now += TRY_LONG_S
    line.answers()
    assert line.rhythm.wait_s == LONGEST_S


def test_where_nobody_is_let_wait_at_all_it_becomes_polling_too() -> None:
    line = Line()
    requests = 0
    while line.answers(0.01) != POLL_S:
        requests += 1
        assert requests < 60
    assert line.rhythm.wait_s == 0


def test_a_server_that_goes_away_and_comes_back_shortens_nothing() -> None:
    line = Line()
    line.answers()
    for _ in range(3):
        line.fails()
        for _ in range(5):
            line.fails(Unreachable)
        line.answers()
        assert line.rhythm.wait_s == LONGEST_S


def test_a_server_that_ends_is_not_asked_again_by_all_at_once() -> None:
    pauses = []
    for chance in (0.0, 0.25, 0.5, 0.75, 1.0):
        line = Line(chance)
        line.answers()
        pauses.append(line.answers(2.0))  # 304 long before the time is over
        assert line.rhythm.wait_s == 0
    assert pauses == [0, SPREAD_S / 4, SPREAD_S / 2, SPREAD_S * 3 / 4, SPREAD_S]


def test_after_a_failure_all_come_back_at_times_of_their_own_and_ever_more_rarely() -> None:
    first = [Line(chance / 10).fails(Unreachable) for chance in range(11)]
    assert max(first) - min(first) > SPREAD_S
    line = Line()
    pauses = [line.fails(Unreachable) for _ in range(12)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LAST_RETRY_S + SPREAD_S / 2
    line.answers()
    assert line.fails(Unreachable) == pauses[0]


def test_a_desk_that_asks_for_patience_has_it() -> None:
    assert Line().rhythm.failed(Throttled(WORDS, 120.0)) == 120.0


def test_a_desk_that_does_not_tell_of_tickets_is_asked_once_an_hour() -> None:
    assert Line().rhythm.failed(Rejected(WORDS)) == REST_S


def test_while_all_tickets_are_closed_nothing_is_waited_for() -> None:
    line = Line()
    assert line.answers(resting=True) == REST_S
    assert line.rhythm.wait_s == 0


@pytest.mark.parametrize("took_s", [0.0, 0.5])
def test_a_desk_that_has_news_without_end_is_asked_ever_more_rarely(took_s: float) -> None:
    line = Line()
    pauses = [line.answers(took_s, news=True) for _ in range(10)]
    assert pauses[:4] == [0.0] * 4
    assert pauses[4:] == sorted(pauses[4:])
    assert pauses[-1] > 60


def test_whoever_hurries_forgets_what_failed() -> None:
    line = Line()
    line.answers()
    first = line.fails()
    line.fails()
    line.rhythm.hurry()
    line.answers()
    assert line.rhythm.wait_s == LONGEST_S
    assert line.fails() == first
