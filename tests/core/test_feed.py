"""Told in time: what becomes of tickets is heard, said once, and neither lost nor repeated by a restart."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from client.assembly import assemble, threaded
from client.core.errors import NotOurServer, Problem, Rejected, SignInNeeded, Unreachable
from client.core.events import Notice, NoticeKind, TicketsChanged
from client.core.lane import Impatient
from client.core.models import DeskInfo, Incident, Status
from client.core.paths import paths
from client.core.settings import load
from client.core.tickets.rhythm import LONGEST_S, REST_S
from client.core.tickets.states import State
from client.core.tickets.told import Told
from tests.core.answering import Asked, answering, http
from tests.core.desk import LoopbackDesk
from tests.core.test_outbox import WORDS
from tests.core.ticket_bodies import changes
from tests.core.ticket_bodies import ticket as ticket_body
from tests.core.tickets import AT, ME, answered, done, ticket
from tests.core.workshop import Workshop

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def first(listener: Workshop, desk: LoopbackDesk) -> str:
    """The report of a ticket that the desk has told of."""
    report_id = listener.report().report_id
    listener.deliver()
    desk.told.append(ticket(1001, ticket_id=report_id))
    listener.listen(2)
    listener.events.clear()
    return report_id


def notices(shop: Workshop) -> list[tuple[NoticeKind, str | None]]:
    return [(each.kind, each.comment.text if each.comment else None) for each in shop.told(Notice)]


def acknowledge(shop: Workshop) -> None:
    for notice in shop.told(Notice):
        shop.engine.told(notice)
    shop.events.clear()


def test_whoever_never_reported_anything_waits_for_nobody(listener: Workshop, desk: LoopbackDesk) -> None:
    listener.engine.start()
    listener.clockwork.pass_by(60)
    listener.engine.look()
    assert listener.listening.jobs == []
    assert "changes" not in desk.calls
    assert not (listener.profile / "cache" / "tickets.sqlite3").exists()


def test_with_the_first_ticket_the_desk_is_waited_for(listener: Workshop, desk: LoopbackDesk) -> None:
    report_id = listener.report().report_id
    listener.deliver()
    assert [event.ticket_ids for event in listener.told(TicketsChanged)] == [(report_id,)]
    assert [line.number for line in listener.engine.tickets.page()] == [1001]
    desk.told.append(ticket(1001, ticket_id=report_id))
    assert listener.listen(3) == [0, 0, 0]
    assert desk.waits == [0, LONGEST_S, LONGEST_S]
    assert [event.ticket_ids for event in listener.told(TicketsChanged)] == [(report_id,)] * 2
    assert listener.told(Notice) == []
    listener.restart()
    listener.engine.start()
    listener.listen()
    assert desk.waits[3:] == [0]


@pytest.mark.parametrize(
    ("event", "status", "kind"),
    [
        ("taken", Status.OPEN, NoticeKind.PICKED_UP),
        ("assigned", Status.OPEN, NoticeKind.PICKED_UP),
        ("asked", Status.PENDING, NoticeKind.WAITING_FOR_YOU),
        ("solved", Status.SOLVED, NoticeKind.SOLVED),
    ],
)
def test_what_an_agent_does_is_told(
    listener: Workshop, desk: LoopbackDesk, first: str, event: str, status: Status, kind: NoticeKind
) -> None:
    desk.told.append(done(desk.told[-1], event, status))
    listener.listen()
    (notice,) = listener.told(Notice)
    assert (notice.kind, notice.ticket) == (kind, desk.told[-1])
    assert listener.told(TicketsChanged) == [TicketsChanged((first,))]


@pytest.mark.parametrize("event", ["filed", "reopened", "closed", "rated", "something new"])
def test_what_needs_no_notice_changes_the_list_alone(
    listener: Workshop, desk: LoopbackDesk, first: str, event: str
) -> None:
    desk.told.append(done(desk.told[-1], event, Status.OPEN))
    listener.listen()
    assert listener.told(Notice) == []
    assert listener.told(TicketsChanged) == [TicketsChanged((first,))]


def test_nobody_is_told_of_what_they_did_themselves(listener: Workshop, desk: LoopbackDesk, first: str) -> None:
    desk.told.append(answered(desk.told[-1], "Floor 3", by=ME))
    desk.told.append(done(desk.told[-1], "solved", Status.CLOSED, by=ME))
    listener.listen()
    assert listener.told(Notice) == []
    assert listener.engine.tickets.unread() == 0


def test_several_on_one_ticket_are_one_notice_of_the_most_urgent_kind(
    listener: Workshop, desk: LoopbackDesk, first: str
) -> None:
    one = answered(done(desk.told[-1], "taken", Status.OPEN), "Hello", "c1")
    desk.told.append(answered(done(one, "asked", Status.PENDING), "Which printer?", "c2"))
    desk.told.append(answered(ticket(7), "Another one"))
    listener.listen()
    assert sorted(notices(listener)) == [
        (NoticeKind.ANSWERED, "Another one"),
        (NoticeKind.WAITING_FOR_YOU, "Which printer?"),
    ]
    acknowledge(listener)
    desk.told.append(answered(desk.told[-2], "And which floor?", "c3"))
    listener.listen()
    assert notices(listener) == [(NoticeKind.ANSWERED, "And which floor?")]


def test_what_is_not_so_any_more_is_not_told(listener: Workshop, desk: LoopbackDesk, first: str) -> None:
    asked = done(desk.told[-1], "asked", Status.PENDING)
    desk.told.append(done(asked, "closed", Status.CLOSED, by=None))
    listener.listen()
    assert listener.told(Notice) == []
    desk.told.append(done(asked, "reopened", Status.PENDING))  # and it does not come up again by itself
    listener.listen()
    assert listener.told(Notice) == []


def test_what_was_shown_is_not_repeated_and_what_was_not_is_not_lost(
    listener: Workshop, desk: LoopbackDesk, first: str
) -> None:
    desk.told.append(answered(desk.told[-1], "Which printer?"))
    listener.listen(3)
    assert notices(listener) == [(NoticeKind.ANSWERED, "Which printer?")]
    listener.restart()  # it ended before anybody saw the notice
    listener.engine.start()
    listener.events.clear()
    listener.listen(2)
    assert notices(listener) == [(NoticeKind.ANSWERED, "Which printer?")]
    acknowledge(listener)
    listener.restart()
    listener.engine.start()
    listener.listen(2)
    assert listener.told(Notice) == []
    assert listener.engine.tickets.unread() == 1  # shown is not read
    listener.engine.tickets.mark_read(first)
    assert listener.engine.tickets.unread() == 0


def test_what_was_told_is_not_told_again_when_the_cache_is_lost(  # I6
    listener: Workshop, desk: LoopbackDesk, first: str
) -> None:
    desk.told.append(answered(desk.told[-1], "Which printer?"))
    listener.listen()
    acknowledge(listener)
    desk.told.append(answered(desk.told[-1], "Hello?", "c2"))
    shutil.rmtree(listener.profile / "cache")
    listener.listen()
    assert notices(listener) == [(NoticeKind.ANSWERED, "Hello?")]
    assert [line.number for line in listener.engine.tickets.page()] == [1001]


@pytest.mark.parametrize("damage", [None, b"", b"{}", b'{"since": "2026', b"\xff" * 2_000_000])
def test_with_all_memory_lost_only_the_last_hour_is_told_again(
    listener: Workshop, desk: LoopbackDesk, first: str, damage: bytes | None
) -> None:
    old = [answered(ticket(number), f"old {number}") for number in range(60)]  # more than one answer of the desk
    late = answered(replace(ticket(900), updated_at=AT + timedelta(hours=9)), "late")
    later = answered(replace(ticket(901), updated_at=AT + timedelta(hours=9, minutes=59)), "later")
    desk.told += [*old, late, later]
    listener.restart()
    shutil.rmtree(listener.profile / "cache")
    (listener.profile / "told.json").unlink()
    if damage is not None:
        (listener.profile / "told.json").write_bytes(damage)
    listener.engine.start()
    listener.listen(3)
    assert sorted(text or "" for _, text in notices(listener)) == ["late", "later"]
    assert listener.engine.tickets.unread() == 2
    assert len(listener.engine.tickets.page(limit=100)) == 63


def test_a_change_that_another_process_heard_first_is_told_here(  # I9
    listener: Workshop, desk: LoopbackDesk, first: str
) -> None:
    desk.told.append(answered(desk.told[-1], "Which printer?"))
    terminal = Workshop(listener.profile, desk)
    terminal.engine.sync()
    assert [line.is_unread for line in terminal.engine.tickets.page()] == [True]
    terminal.close()
    assert terminal.told(Notice) == []
    listener.listen()
    assert notices(listener) == [(NoticeKind.ANSWERED, "Which printer?")]


def test_two_processes_that_ask_at_once_lose_nothing(  # I9
    listener: Workshop, desk: LoopbackDesk, first: str
) -> None:
    desk.told.append(answered(desk.told[-1], "Which printer?"))
    terminal = Workshop(listener.profile, desk)

    def be_faster(call: str, _id: str) -> None:
        if call == "changes" and not terminal.told(TicketsChanged):
            desk.failing = lambda *_: None
            terminal.engine.sync()

    desk.failing = be_faster
    listener.listen()
    terminal.close()
    assert notices(listener) == [(NoticeKind.ANSWERED, "Which printer?")]
    assert len(listener.engine.tickets.page()) == 1


def test_a_ticket_made_while_all_others_rest_is_heard_of_at_once(
    listener: Workshop, desk: LoopbackDesk, first: str
) -> None:
    desk.told.append(done(desk.told[-1], "closed", Status.CLOSED))
    listener.listen()
    assert listener.listening.jobs[0][0] == listener.listening.now + REST_S
    report_id = listener.report("another").report_id
    listener.deliver()
    desk.told.append(ticket(1002, ticket_id=report_id))
    assert listener.listen(2) == [0, 0]
    assert desk.waits[-1] == LONGEST_S


def test_while_the_desk_is_away_it_is_asked_ever_more_rarely_and_then_nothing_is_missed(
    listener: Workshop, desk: LoopbackDesk, first: str
) -> None:
    desk.failing = lambda *_: Unreachable(WORDS)
    desk.told.append(answered(desk.told[-1], "Which printer?"))
    pauses = listener.listen(12)
    assert pauses[1:] == sorted(pauses[1:])
    assert pauses[-1] > 200
    listener.engine.look()  # no reason to ask before the time
    desk.failing = lambda *_: None
    assert listener.listen()[0] > 200
    assert notices(listener) == [(NoticeKind.ANSWERED, "Which printer?")]


def test_a_machine_that_wakes_up_asks_at_once_but_not_again_and_again(
    listener: Workshop, desk: LoopbackDesk, first: str
) -> None:
    desk.failing = lambda *_: Unreachable(WORDS)
    listener.listen(12)
    listener.engine.hurry()
    assert listener.listen() == [0]
    listener.engine.hurry()
    assert listener.listen()[0] > 0


def test_after_a_stranger_the_desk_itself_must_answer_before_it_is_asked(  # I10
    listener: Workshop, desk: LoopbackDesk, first: str
) -> None:
    desk.calls.clear()
    desk.failing = lambda *_: NotOurServer(WORDS)
    listener.listen(5)
    assert desk.calls == ["changes", "probe", "probe", "probe", "probe"]
    desk.failing = lambda *_: None
    listener.listen()
    assert desk.calls[-2:] == ["probe", "changes"]


def test_a_server_that_does_not_tell_of_tickets_is_left_alone(
    listener: Workshop, desk: LoopbackDesk, first: str
) -> None:
    desk.failing = lambda *_: Rejected(Problem("not_found", "There is no such page"))
    assert listener.listen(2)[1] == REST_S


def test_an_unknown_device_enrols_once_and_goes_on(listener: Workshop, desk: LoopbackDesk, first: str) -> None:
    unknown = Problem("sign_in", "Who are you")
    desk.failing = lambda *_: SignInNeeded(unknown) if listener.sign_ins == 0 else None
    desk.told.append(answered(desk.told[-1], "Which printer?"))
    listener.listen()
    assert (listener.sign_ins, notices(listener)) == (1, [(NoticeKind.ANSWERED, "Which printer?")])


def test_a_server_restored_from_a_backup_is_believed(listener: Workshop, desk: LoopbackDesk, first: str) -> None:
    desk.told.append(ticket(1002))
    listener.listen()
    assert len(listener.engine.tickets.page()) == 2
    desk.age = "b"
    desk.told.pop()
    listener.listen()
    assert [line.number for line in listener.engine.tickets.page()] == [1001]


def test_a_fault_of_whoever_listens_does_not_end_the_feed(
    listener: Workshop, desk: LoopbackDesk, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("client.core.tickets.feed.notice_of", lambda *_: 1 // 0)
        desk.told.append(answered(desk.told[-1], "Which printer?"))
        with suppress(ZeroDivisionError):
            listener.listen()
    listener.listen()
    assert notices(listener) == [(NoticeKind.ANSWERED, "Which printer?")]


def test_a_disk_that_keeps_nothing_repeats_nothing_before_a_restart(
    listener: Workshop, desk: LoopbackDesk, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("client.core.tickets.told.replace", full)
    desk.told.append(answered(desk.told[-1], "Which printer?"))
    listener.listen()
    acknowledge(listener)
    desk.told.append(answered(desk.told[-1], "Hello?", "c2"))
    listener.listen(2)
    assert notices(listener) == [(NoticeKind.ANSWERED, "Hello?")]


def test_an_outage_is_told_once(listener: Workshop, desk: LoopbackDesk, first: str) -> None:
    outage = Incident(3, "Mail is down", "We are on it", "2026-11-23T09:00:00Z")
    desk.desk_info = DeskInfo("Example Ltd", "5500", incidents=(outage,))
    listener.listen()
    listener.clockwork.pass_by(0)  # asks the desk about itself
    (job,) = (each for each in listener.listening.jobs if each[1] == "tickets.tell")
    job[2]()
    listener.listening.jobs.remove(job)
    assert [(each.kind, each.incident) for each in listener.told(Notice)] == [(NoticeKind.OUTAGE, outage)]
    acknowledge(listener)
    listener.restart()
    listener.engine.start()
    listener.listen(3)
    assert listener.told(Notice) == []


def test_what_was_told_is_remembered_as_long_as_it_matters(tmp_path: Path) -> None:
    told = Told(tmp_path / "told.json")
    told.begin(AT)
    several = [(f"key {number}", AT + timedelta(seconds=number)) for number in range(1, 2_001)]
    told.note(several)
    again = Told(tmp_path / "told.json")
    assert all(again.knows(*each) for each in several)
    assert not again.knows("another", AT + timedelta(seconds=1_500))
    assert again.knows("another", AT + timedelta(seconds=500))
    assert (tmp_path / "told.json").stat().st_size < 100_000
    assert (tmp_path / "told.json").stat().st_mode & 0o777 == 0o600


# over real sockets and on real lanes


class Holding:
    """A server that keeps questions for changes back until it is let go."""

    def __init__(self) -> None:
        self.held = threading.Semaphore(0)
        self.let_go = threading.Event()

    def answer(self, asked: Asked) -> bytes:
        if "wait=" in asked.path:
            self.held.release()
            self.let_go.wait(60)
            return http(304)
        if asked.path.startswith("/api/v1/changes"):
            told = changes(ticket_body(), cursor="c1")
            return http(200, json.dumps(told).encode()) if "cursor" not in asked.path else http(304)
        return http(404, b'{"error": {"code": "not_found", "title": "No"}}')


@pytest.fixture
def holding() -> Iterator[Holding]:
    one = Holding()
    yield one
    one.let_go.set()


def test_a_program_that_quits_waits_for_no_answer(tmp_path: Path, holding: Holding) -> None:
    where = paths(tmp_path / "profile")
    (where.spool / "sent" / "some").mkdir(parents=True)
    with answering() as server:
        server.answer = holding.answer
        where.user_config.write_text(json.dumps({"server": server.url, "site_key": "dbk_x"}))
        settings = load(where.machine_config, where.user_config)
        crashes: list[object] = []
        engine = assemble(where, settings, threaded(lambda *crash: crashes.append(crash)), lambda _event: None)
        engine.start()
        assert holding.held.acquire(timeout=30)
        engine.hurry()  # the request that waits is given up for a new one
        assert holding.held.acquire(timeout=30)
        began = time.monotonic()
        engine.close()
        assert time.monotonic() - began < 1
        assert crashes == []
        holding.let_go.set()


def test_a_call_that_is_given_up_ends_at_once_and_the_next_is_made() -> None:
    caller, started, end = Impatient("test"), threading.Event(), threading.Event()

    def slow() -> str:
        started.set()
        end.wait(30)
        return "late"

    threading.Thread(target=lambda: (started.wait(30), caller.give_up()), daemon=True).start()
    with pytest.raises(TimeoutError):
        caller.call(60, slow)
    assert caller.call(60, lambda: "next") == "next"
    end.set()


IDLE = """
import sys, threading
from client.assembly import assemble, threaded
from client.core.paths import paths
from client.core.settings import load
from pathlib import Path
where = paths(Path(sys.argv[1]))
engine = assemble(where, load(where.machine_config, where.user_config), threaded(print), print)
engine.start()
engine.look()
engine.close()
print(sorted({"sqlite3", "requests", "client.core.tickets.feed", "client.core.tickets.cache"} & {*sys.modules}))
print([each.name for each in threading.enumerate() if each.name == "listening"])
"""


def test_an_idle_program_that_never_reported_loads_nothing_of_it(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    known = {"name": "Example", "phone": None, "on_duty": [], "first_answer_s": None, "categories": [], "incidents": []}
    (cache / "desk.json").write_text(json.dumps(known))
    command = [sys.executable, "-c", IDLE, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("[]\n[]\n", "")


def test_the_state_of_a_ticket_is_in_the_list_when_it_is_told(
    listener: Workshop, desk: LoopbackDesk, first: str
) -> None:
    desk.told.append(done(desk.told[-1], "asked", Status.PENDING))
    listener.listen()
    (line,) = listener.engine.tickets.page()
    assert (line.state, line.agent, line.is_unread) == (State.WAITING_FOR_YOU, "Bo Lind", True)
