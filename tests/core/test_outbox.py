"""Delivery: nothing is lost, nothing doubled, nothing held up by another."""

from __future__ import annotations

import errno
import itertools
import shutil
import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from client.core import faults
from client.core.errors import (
    DeskError,
    NotOurServer,
    Problem,
    Rejected,
    ServerFault,
    SignInNeeded,
    Throttled,
    Unanswered,
    Unreachable,
)
from client.core.events import Accepted, Delivered, NeedsAttention, OutboxChanged, Saved, Waiting
from client.core.models import Receipt, Report
from client.core.schedule import FIRST_RETRY_S, LAST_RETRY_S
from client.core.spool import Spool
from tests.core.desk import LoopbackDesk
from tests.core.workshop import Workshop, shot

WORDS = Problem("some", "Some title", "Some detail")
TRIED_AGAIN: list[DeskError] = [
    NotOurServer(WORDS),
    Unreachable(WORDS),
    Unanswered(WORDS),
    Throttled(WORDS, 7.0),
    ServerFault(WORDS),
    SignInNeeded(WORDS),
]
DAY_S = 24 * 3600.0


def test_a_report_is_delivered_whole_and_its_receipt_is_on_disk(shop: Workshop, desk: LoopbackDesk) -> None:  # I5
    draft = shop.report("printer jams", shot(1), shot(2, b"\x01\x02\x03\xff"))
    shop.deliver()
    assert desk.has_all_of(draft.report_id)
    assert shop.places() == {draft.report_id: "sent"}
    assert [type(event) for event in shop.events if not isinstance(event, OutboxChanged)][-3:] == [
        Saved,
        Accepted,
        Delivered,
    ]
    assert f'"report_id": "{draft.report_id}"' in (shop.spool.sent / draft.report_id / "receipt.json").read_text()


@pytest.mark.parametrize("error", TRIED_AGAIN, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("call", ["submit", "attach"])
def test_what_passes_is_tried_until_it_works_and_is_one_ticket(  # I2, I3
    shop: Workshop, desk: LoopbackDesk, error: DeskError, call: str
) -> None:
    desk.failing = lambda each, _id: error if each == call and desk.calls.count(call) <= 4 else None
    draft = shop.report("printer jams", shot())
    shop.deliver(DAY_S)
    assert shop.places() == {draft.report_id: "sent"}
    assert len(desk.manifests) == 1
    assert shop.told(Waiting)[0] == Waiting(draft.report_id, WORDS)


@pytest.mark.parametrize("call", ["submit", "attach"])
def test_a_lost_answer_makes_no_second_ticket(shop: Workshop, desk: LoopbackDesk, call: str) -> None:  # I3
    desk.losing_answers = lambda each, _id: Unanswered(WORDS) if each == call and desk.calls.count(call) <= 3 else None
    draft = shop.report("printer jams", shot())
    shop.deliver(DAY_S)
    assert list(desk.manifests) == [draft.report_id]
    assert len(shop.told(Delivered)) == 1


def test_a_report_saved_offline_is_sent_after_a_restart(shop: Workshop, desk: LoopbackDesk) -> None:  # I2
    desk.failing = lambda *_: Unreachable(WORDS)
    draft = shop.report("offline", shot())
    shop.deliver(60)
    assert shop.places() == {draft.report_id: "outbox"}
    shop.restart()
    desk.failing = lambda *_: None
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent"}


@pytest.mark.parametrize(
    "alter",
    [
        lambda receipt: replace(receipt, report_id="00000000-0000-4000-8000-000000000000"),
        lambda receipt: replace(receipt, manifest_sha256="0" * 64),
        lambda receipt: replace(receipt, missing=("f" * 64,)),
    ],
    ids=["another report", "another content", "a picture we do not know"],
)
def test_a_receipt_that_does_not_fit_is_none(shop: Workshop, desk: LoopbackDesk, alter: object) -> None:  # I5
    desk.alters = alter  # type: ignore[assignment]
    draft = shop.report()
    shop.deliver(60)
    assert shop.places() == {draft.report_id: "outbox"}
    assert shop.told(Delivered) == []


def test_after_a_stranger_answered_nothing_is_sent_before_the_desk_itself_does(  # I10
    shop: Workshop, desk: LoopbackDesk
) -> None:
    desk.failing = lambda call, _id: NotOurServer(WORDS) if desk.calls.count("submit") <= 1 else None
    shop.report()
    shop.deliver(1)
    desk.failing = lambda call, _id: NotOurServer(WORDS) if call == "probe" else None
    shop.deliver(3600)
    assert desk.calls.count("submit") == 1
    assert desk.calls.count("probe") > 5


def test_a_rejected_report_waits_for_a_person_with_the_reason(shop: Workshop, desk: LoopbackDesk) -> None:  # I13
    desk.failing = lambda *_: Rejected(WORDS)
    draft = shop.report("too big", shot())
    shop.deliver()
    assert shop.places() == {draft.report_id: "attention"}
    assert shop.told(NeedsAttention) == [NeedsAttention(draft.report_id, WORDS)]
    assert shop.spool.problem(draft.report_id) == WORDS
    assert shop.outbox.state() == OutboxChanged(0, 1, False)


def test_trying_again_sends_what_needed_attention(shop: Workshop, desk: LoopbackDesk) -> None:
    desk.failing = lambda *_: Rejected(WORDS)
    draft = shop.report()
    shop.deliver()
    desk.failing = lambda *_: None
    shop.outbox.send_now()
    shop.clockwork.pass_by(0)
    assert shop.places() == {draft.report_id: "sent"}


def test_no_report_holds_up_another(shop: Workshop, desk: LoopbackDesk) -> None:  # I7
    poison = shop.report("poison")
    good = [shop.report(f"good {number}") for number in range(20)]
    desk.failing = lambda _call, report_id: ServerFault(WORDS) if report_id == poison.report_id else None
    shop.deliver(1)
    places = shop.places()
    assert places.pop(poison.report_id) == "outbox"
    assert set(places.values()) == {"sent"}
    assert len(places) == len(good)


def test_a_report_that_ended_the_program_before_goes_last(shop: Workshop, desk: LoopbackDesk) -> None:  # I7
    deadly, other = shop.report("deadly"), shop.report("other")
    first = shop.spool.claim(deadly.report_id)
    assert first is not None
    first.begin()
    first.release()  # as the operating system does when a process dies in the middle
    shop.restart()
    shop.deliver(60)
    assert list(desk.manifests) == [other.report_id, deadly.report_id]


def test_while_nothing_gets_through_one_try_serves_all(shop: Workshop, desk: LoopbackDesk) -> None:
    for number in range(50):
        shop.report(f"report {number}")
    desk.failing = lambda *_: Unreachable(WORDS)
    shop.deliver(3600)
    assert len(desk.calls) < 25
    assert len(shop.told(Waiting)) >= 50  # every one of them was told
    desk.failing = lambda *_: None
    shop.deliver(LAST_RETRY_S * 2)
    assert set(shop.places().values()) == {"sent"}


def test_a_new_report_tries_the_way_at_once(shop: Workshop, desk: LoopbackDesk) -> None:
    desk.failing = lambda *_: Unreachable(WORDS)
    shop.report("first")
    shop.deliver(1800)
    desk.failing = lambda *_: None
    shop.report("second")
    shop.clockwork.pass_by(0)
    assert set(shop.places().values()) == {"sent"}


def test_a_throttling_desk_is_left_alone_as_long_as_it_asks(shop: Workshop, desk: LoopbackDesk) -> None:
    desk.failing = lambda *_: Throttled(WORDS, 100.0)
    shop.report("first")
    shop.deliver(99)
    shop.report("second")
    shop.clockwork.pass_by(0.5)
    assert len(desk.calls) == 1
    desk.failing = lambda *_: None
    shop.clockwork.pass_by(FIRST_RETRY_S)
    assert set(shop.places().values()) == {"sent"}


def test_back_off_doubles_up_to_five_minutes(shop: Workshop, desk: LoopbackDesk) -> None:
    times: list[float] = []

    def note(*_: object) -> DeskError:
        times.append(shop.clockwork.now)
        return Unreachable(WORDS)

    desk.failing = note
    shop.report()
    shop.deliver(3600)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps[:4] == [2.0, 4.0, 8.0, 16.0]
    assert max(gaps) == LAST_RETRY_S


def test_an_unknown_device_enrols_once_and_goes_on(shop: Workshop, desk: LoopbackDesk) -> None:
    known = Problem("sign_in", "Who are you")
    desk.failing = lambda call, _id: SignInNeeded(known) if shop.sign_ins == 0 else None
    draft = shop.report()
    shop.deliver()
    assert shop.sign_ins == 1
    assert shop.places() == {draft.report_id: "sent"}


def test_sign_in_refused_for_a_week_never_parks_a_report(shop: Workshop, desk: LoopbackDesk) -> None:
    desk.failing = lambda *_: SignInNeeded(Problem("sign_in", "Who are you"))
    draft = shop.report()
    shop.deliver(7 * DAY_S)
    assert shop.places() == {draft.report_id: "outbox"}


def test_lost_state_loses_and_doubles_nothing(shop: Workshop, desk: LoopbackDesk) -> None:  # I6
    desk.losing_answers = lambda *_: Unanswered(WORDS)
    draft = shop.report("printer jams", shot())
    shop.deliver(10)
    shutil.rmtree(shop.spool.locks)
    (shop.profile / "cache").mkdir()
    (shop.profile / "cache" / "desk.json").write_bytes(b"\xff\x00 scrambled")
    shop.restart()
    assert shop.engine.desk() is None
    desk.losing_answers = lambda *_: None
    shop.deliver(10)
    assert list(desk.manifests) == [draft.report_id]
    assert shop.places() == {draft.report_id: "sent"}


def test_two_processes_send_a_report_once(shop: Workshop, desk: LoopbackDesk) -> None:  # I9
    draft = shop.report()
    other = shop.spool.claim(draft.report_id)  # the other process is sending it
    assert other is not None
    shop.deliver(1)
    assert desk.calls == []
    other.release()
    shop.deliver(60)
    assert desk.calls == ["submit"]
    assert shop.places() == {draft.report_id: "sent"}


def test_a_report_seen_before_its_draft_let_go_is_sent_without_delay(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.engine.begin_new("panel")
    commit = shop.spool.commit

    def watched(report: Report) -> str:
        sha256 = commit(report)
        shop.outbox.look()  # the watch on the folder sees the rename first
        shop.clockwork.run_due()
        return sha256

    shop.spool.commit = watched  # type: ignore[method-assign]
    draft.submit()
    shop.clockwork.pass_by(0)
    assert shop.places() == {draft.report_id: "sent"}


def test_a_report_that_another_process_finished_is_no_trouble(shop: Workshop, desk: LoopbackDesk) -> None:  # I9
    draft = shop.report()
    rival = Workshop(shop.profile, desk)
    shop.outbox.look()
    rival.deliver()
    shop.clockwork.pass_by(60)
    assert desk.calls == ["submit"]
    assert shop.places() == {draft.report_id: "sent"}


def test_a_crash_between_receipt_and_move_asks_nobody_again(shop: Workshop, desk: LoopbackDesk) -> None:  # I3, I5
    draft = shop.report("printer jams", shot())
    shop.deliver()
    (shop.spool.sent / draft.report_id).rename(shop.spool.outbox / draft.report_id)
    calls = len(desk.calls)
    shop.restart()
    shop.deliver()
    assert len(desk.calls) == calls
    assert shop.places() == {draft.report_id: "sent"}


def test_a_picture_altered_on_disk_is_not_sent_and_is_said(shop: Workshop, desk: LoopbackDesk) -> None:  # I4
    draft = shop.report("printer jams", shot(1), shot(2, b"\x01\x02\x03\xff"))
    sha256 = draft.pictures[0].sha256
    assert sha256
    (shop.spool.outbox / draft.report_id / sha256).write_bytes(b"something else")
    shop.deliver()
    assert sha256 not in desk.blobs[draft.report_id]
    assert len(desk.blobs[draft.report_id]) == 1  # the rest arrived
    assert shop.places() == {draft.report_id: "attention"}
    assert "Ticket 1001" in shop.told(NeedsAttention)[0].problem.title


def test_an_attachment_that_is_refused_does_not_keep_the_others_back(shop: Workshop, desk: LoopbackDesk) -> None:
    desk.failing = lambda call, _id: Rejected(WORDS) if call == "attach" and desk.calls.count("attach") == 1 else None
    draft = shop.report("printer jams", shot(1), shot(2, b"\x01\x02\x03\xff"))
    shop.deliver()
    assert len(desk.blobs[draft.report_id]) == 1
    assert shop.places() == {draft.report_id: "attention"}
    (told,) = shop.told(NeedsAttention)
    assert "Ticket 1001" in told.problem.title
    assert WORDS.title in told.problem.detail


def test_an_attachment_damaged_on_the_way_is_sent_again(shop: Workshop, desk: LoopbackDesk) -> None:
    differs = Rejected(Problem("digest_differs", "Damaged"))
    desk.failing = lambda call, _id: differs if call == "attach" and desk.calls.count("attach") == 1 else None
    draft = shop.report("printer jams", shot())
    shop.deliver(60)
    assert shop.places() == {draft.report_id: "sent"}


def test_a_fault_of_ours_in_one_report_holds_up_no_other(shop: Workshop, desk: LoopbackDesk) -> None:  # I7
    good = shop.report("good")
    poison = shop.report("poison")  # the newest, so it is tried first
    real = desk.submit

    def submit(report_id: str, manifest: bytes) -> Receipt:
        if report_id == poison.report_id:
            raise OverflowError("a fault of ours")
        return real(report_id, manifest)

    desk.submit = submit  # type: ignore[method-assign]
    with suppress(OverflowError):
        shop.deliver()
    with suppress(OverflowError):
        shop.clockwork.pass_by(LAST_RETRY_S / 2)
    assert shop.places() == {poison.report_id: "outbox", good.report_id: "sent"}
    desk.submit = real  # type: ignore[method-assign]
    shop.clockwork.pass_by(LAST_RETRY_S * 2)
    assert shop.places()[poison.report_id] == "sent"
    assert shop.outbox.state() == OutboxChanged(0, 0, False)


def test_several_reports_whose_attempts_were_killed_are_all_sent(shop: Workshop, desk: LoopbackDesk) -> None:  # I2
    for number in range(3):
        draft = shop.report(f"report {number}")
        for _ in range(2):
            claim = shop.spool.claim(draft.report_id)
            assert claim
            claim.begin()
            claim.release()
    shop.restart()
    shop.outbox.look()
    shop.clockwork.run_due()  # as on the command line, where nothing that is due later is run
    assert set(shop.places().values()) == {"sent"}


@pytest.mark.parametrize("refused", [False, True])
def test_what_another_process_does_with_a_report_is_told_here_too(  # I9
    shop: Workshop, desk: LoopbackDesk, refused: bool
) -> None:
    desk.failing = lambda *_: Unreachable(WORDS)
    draft = shop.report()
    shop.deliver()
    desk.failing = lambda *_: Rejected(WORDS) if refused else None
    Workshop(shop.profile, desk).deliver()
    shop.deliver(LAST_RETRY_S)
    told = shop.told(NeedsAttention) if refused else shop.told(Delivered)
    assert [event.report_id for event in told] == [draft.report_id]  # type: ignore[attr-defined]


def test_reports_that_move_while_the_outbox_is_read_hide_no_others(shop: Workshop) -> None:  # I9
    stays = [shop.report(f"stays {number}").report_id for number in range(5)]
    goes = shop.report("goes").report_id
    done = threading.Event()

    def move() -> None:
        there, away = shop.spool.outbox / goes, shop.profile / "away"
        while not done.is_set():
            there.rename(away)
            away.rename(there)

    mover = threading.Thread(target=move)
    mover.start()
    try:
        seen = [set(shop.spool.waiting()) for _ in range(1000)]
    finally:
        done.set()
        mover.join()
    assert all(set(stays) <= each for each in seen)


@pytest.mark.parametrize("damage", [b"", b"{", b'{"format": 99}', b"\x00" * 300, b'{"format": 1}' + b" " * 300_000])
def test_a_manifest_that_cannot_be_understood_is_kept_and_shown(
    shop: Workshop, desk: LoopbackDesk, damage: bytes
) -> None:
    draft = shop.report("printer jams", shot())
    (shop.spool.outbox / draft.report_id / "manifest.json").write_bytes(damage)
    shop.deliver()
    assert desk.calls == []
    assert shop.places() == {draft.report_id: "attention"}
    assert (shop.spool.attention / draft.report_id / "manifest.json").read_bytes() == damage


def test_what_is_no_report_goes_to_quarantine(shop: Workshop) -> None:
    shop.spool.prepare()
    (shop.spool.outbox / "lost+found").mkdir()
    (shop.spool.outbox / "note.txt").write_text("hello")
    shop.deliver()
    assert shop.places() == {"lost+found": "quarantine", "note.txt": "quarantine"}


def test_without_a_server_address_reports_wait_and_say_why(shop: Workshop) -> None:
    shop.desk = None
    shop.restart()
    draft = shop.report()
    shop.deliver(DAY_S)
    assert shop.places() == {draft.report_id: "outbox"}
    assert shop.told(Waiting)[0].problem == faults.no_connection()


def test_a_spool_that_cannot_be_listed_is_no_fault_of_a_saved_report(
    shop: Workshop, desk: LoopbackDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Spool) -> list[str]:
        raise OSError(errno.EIO, "input/output error")

    for look in ("waiting", "needing_attention"):
        with monkeypatch.context() as patch:
            patch.setattr(Spool, look, broken)
            shop.outbox.look()
            draft = shop.report()
            shop.clockwork.run_due()
        assert shop.told(Saved)[-1].report_id == draft.report_id
    shop.clockwork.pass_by(LAST_RETRY_S)
    assert len(desk.manifests) == 2


def test_the_first_attempt_brings_everything_in_the_manifests_order(shop: Workshop, desk: LoopbackDesk) -> None:
    shop.report("printer jams", shot(1), shot(2, b"\x01\x02\x03\xff"), shot(3))
    shop.deliver()
    assert desk.wholes == [(b"encoded:" + b"\x10\x20\x30\xff" * 12, b"encoded:" + b"\x01\x02\x03\xff" * 12)]


def test_what_is_refused_whole_goes_in_parts(shop: Workshop, desk: LoopbackDesk) -> None:
    desk.failing = lambda call, _id: Rejected(WORDS) if desk.calls == ["submit"] else None
    draft = shop.report("printer jams", shot())
    shop.deliver()
    assert (len(desk.wholes), desk.calls) == (1, ["submit", "submit", "attach"])
    assert shop.places() == {draft.report_id: "sent"}


@pytest.mark.parametrize("is_whole_again", [True, False])
def test_what_may_have_arrived_in_part_is_not_sent_whole_again(
    shop: Workshop, desk: LoopbackDesk, is_whole_again: bool
) -> None:
    error: DeskError = Unreachable(WORDS) if is_whole_again else Unanswered(WORDS)
    desk.failing = lambda call, _id: error if len(desk.calls) == 1 else None
    shop.report("printer jams", shot())
    shop.deliver(DAY_S)
    assert len(desk.wholes) == 1 + is_whole_again
    assert len(desk.manifests) == 1


def test_a_large_report_goes_in_parts_which_can_be_resumed(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.report("printer jams", shot(width=1200, height=1000))
    shop.deliver()
    assert (desk.wholes, shop.places()) == ([], {draft.report_id: "sent"})


def test_a_damaged_picture_is_left_out_of_a_report_that_would_go_whole(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.report("printer jams", shot(1), shot(2, b"\x01\x02\x03\xff"))
    (first, _second) = sorted(path for path in (shop.spool.outbox / draft.report_id).iterdir() if len(path.name) == 64)
    first.write_bytes(b"?")
    shop.deliver()
    assert desk.wholes == []
    assert len(desk.blobs[draft.report_id]) == 1
    assert shop.places() == {draft.report_id: "attention"}
