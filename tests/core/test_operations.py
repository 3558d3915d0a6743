"""What is done to a ticket takes the road of a report: nothing lost, nothing doubled, in the order it was done."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from client.core import faults, manifest
from client.core.errors import DeskbellError, DeskError, NotOurServer, Rejected, ServerFault, Unanswered, Unreachable
from client.core.events import Accepted, Delivered, NeedsAttention, NotSaved, OutboxChanged, Saved, Waiting
from client.core.models import Encoded, Operation, OperationKind
from client.core.spool import Spool
from tests.core.desk import LoopbackDesk
from tests.core.fuse import Fuse
from tests.core.test_outbox import DAY_S, TRIED_AGAIN, WORDS
from tests.core.workshop import Workshop, shot

ROOT = Path(__file__).resolve().parents[2]
COMMENT, SOLVED, REOPEN, RATING = (
    OperationKind.COMMENT,
    OperationKind.SOLVED,
    OperationKind.REOPEN,
    OperationKind.RATING,
)
PASTED = Encoded(b"a pasted picture", "image/png", ".png")


@pytest.fixture
def ticket(shop: Workshop) -> str:
    """The report of a ticket that the desk has."""
    report_id = shop.report().report_id
    shop.deliver()
    shop.events.clear()
    return report_id


def test_a_reply_is_delivered_whole_and_its_receipt_is_on_disk(  # I4, I5
    shop: Workshop, desk: LoopbackDesk, ticket: str, tmp_path: Path
) -> None:
    log = tmp_path / "error.log"
    log.write_bytes(b"boom")
    reply = shop.do(ticket, text=" Floor 3 ", enclosed=[log, PASTED])
    shop.deliver()
    assert [type(event) for event in shop.events if not isinstance(event, OutboxChanged)] == [
        Saved,
        Accepted,
        Delivered,
    ]
    assert {event.report_id for event in shop.told(Delivered)} == {reply}
    assert shop.places() == {ticket: "sent", reply: "sent"}
    body = json.loads(desk.operations[reply])
    assert (body["id"], body["report_id"], body["text"]) == (reply, ticket, "Floor 3")
    assert [item["name"] for item in body["attachments"]] == ["error.log", "picture-2.png"]
    assert set(desk.blobs[ticket].values()) == {b"boom", PASTED.data}
    receipt = json.loads((shop.spool.sent / reply / "receipt.json").read_bytes())
    assert (receipt["operation_id"], receipt["missing"]) == (reply, [])
    assert desk.operations[reply] == (shop.spool.sent / reply / "manifest.json").read_bytes()


def test_every_kind_of_operation_says_what_it_is(shop: Workshop, desk: LoopbackDesk, ticket: str) -> None:
    shop.do(ticket, RATING, text="quick", stars=5)
    shop.do(ticket, REOPEN, text="jams again")
    shop.do(ticket, SOLVED)
    shop.do(ticket, OperationKind.WITHDRAW)
    shop.deliver()
    bodies = [json.loads(body) for body in desk.operations.values()]
    assert [(body["kind"], body["stars"], body["text"]) for body in bodies] == [
        ("rating", 5, "quick"),
        ("reopen", None, "jams again"),
        ("solved", None, ""),
        ("withdraw", None, ""),
    ]
    assert all(manifest.encode(manifest.decode(body)) == body for body in desk.operations.values())


@pytest.mark.parametrize("error", TRIED_AGAIN, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("call", ["comment", "attach"])
def test_what_passes_is_tried_until_it_works_and_is_one_comment(  # I2, I3
    shop: Workshop, desk: LoopbackDesk, ticket: str, error: DeskError, call: str
) -> None:
    desk.failing = lambda each, _id: error if each == call and desk.calls.count(call) <= 4 else None
    reply = shop.do(ticket, text="Floor 3", enclosed=[PASTED])
    shop.deliver(DAY_S)
    assert shop.places()[reply] == "sent"
    assert list(desk.operations) == [reply]
    assert shop.told(Waiting)[0] == Waiting(reply, WORDS)


@pytest.mark.parametrize("call", ["comment", "attach"])
def test_a_lost_answer_makes_no_second_comment(  # I3
    shop: Workshop, desk: LoopbackDesk, ticket: str, call: str
) -> None:
    desk.losing_answers = lambda each, _id: Unanswered(WORDS) if each == call and desk.calls.count(call) <= 3 else None
    reply = shop.do(ticket, text="Floor 3", enclosed=[PASTED])
    shop.deliver(DAY_S)
    assert list(desk.operations) == [reply]
    assert len(shop.told(Delivered)) == 1


def test_what_was_done_offline_is_sent_after_a_restart_in_the_order_it_was_done(  # I2
    shop: Workshop, desk: LoopbackDesk
) -> None:
    desk.failing = lambda *_: Unreachable(WORDS)
    report_id = shop.report().report_id
    said = [f"word {number}" for number in range(20)]
    for text in said:
        shop.do(report_id, text=text)
    shop.deliver(60)
    assert set(shop.places().values()) == {"outbox"}
    shop.restart()
    desk.failing = lambda *_: None
    shop.deliver(1)
    assert desk.calls[-21:] == ["submit", *["comment"] * 20]
    assert desk.texts() == said
    assert set(shop.places().values()) == {"sent"}


def test_the_order_is_that_of_doing_whatever_the_clock_says(  # I8
    shop: Workshop, desk: LoopbackDesk, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time_ns()
    for text, at in (("first", now + 10**18), ("second", now), ("third", now - 10**18), ("fourth", 0)):
        monkeypatch.setattr("client.core.spool.time.time_ns", lambda at=at: at)
        shop.do(ticket, text=text)
    shop.deliver()
    assert desk.texts() == ["first", "second", "third", "fourth"]


def test_one_ticket_waits_for_no_other(shop: Workshop, desk: LoopbackDesk) -> None:  # I7
    stuck, good = shop.report("stuck").report_id, shop.report("good").report_id
    behind = [shop.do(stuck, text=text) for text in ("1", "2")]
    free = [shop.do(good, text=text) for text in ("3", "4")]
    desk.failing = lambda _call, entry_id: ServerFault(WORDS) if entry_id == stuck else None
    shop.deliver(1)
    assert {name for name, place in shop.places().items() if place == "outbox"} == {stuck, *behind}
    assert desk.texts() == ["3", "4"]
    desk.failing = lambda *_: None
    shop.deliver(DAY_S)
    assert desk.texts() == ["3", "4", "1", "2"]
    assert [*desk.operations] == [*free, *behind]


def test_an_operation_that_is_stuck_holds_back_the_later_ones_of_its_ticket_alone(
    shop: Workshop, desk: LoopbackDesk, ticket: str
) -> None:
    other = shop.report("other").report_id
    first, _second = shop.do(ticket, text="first"), shop.do(ticket, SOLVED, text="second")
    shop.do(other, text="other")
    desk.failing = lambda _call, entry_id: ServerFault(WORDS) if entry_id == first else None
    shop.deliver(DAY_S)
    assert desk.texts() == ["other"]
    desk.failing = lambda *_: None
    shop.deliver(DAY_S)
    assert desk.texts() == ["other", "first", "second"]


def test_what_is_refused_waits_for_a_person_and_the_next_goes_on(  # I13
    shop: Workshop, desk: LoopbackDesk, ticket: str
) -> None:
    first, second = shop.do(ticket, text="first"), shop.do(ticket, text="second")
    desk.failing = lambda _call, entry_id: Rejected(WORDS) if entry_id == first else None
    shop.deliver()
    assert shop.places() == {ticket: "sent", first: "attention", second: "sent"}
    assert shop.told(NeedsAttention) == [NeedsAttention(first, WORDS)]
    desk.failing = lambda *_: None
    shop.outbox.send_now()
    shop.clockwork.pass_by(0)
    assert desk.texts() == ["second", "first"]


def test_a_ticket_that_the_desk_does_not_know_parks_what_was_done_to_it(shop: Workshop, desk: LoopbackDesk) -> None:
    lost = shop.do("6f1c2d3e-0000-4000-8000-000000000009", text="hello")
    shop.deliver()
    assert shop.places() == {lost: "attention"}


@pytest.mark.parametrize("wrong", ["operation_id", "report_id", "manifest_sha256", "missing"])
def test_a_receipt_of_something_else_is_none(  # I5
    shop: Workshop, desk: LoopbackDesk, ticket: str, wrong: str
) -> None:
    from dataclasses import replace

    value = ("ab" * 32,) if wrong == "missing" else None
    desk.alters = lambda receipt: replace(receipt, **{wrong: value})
    reply = shop.do(ticket, text="Floor 3")
    shop.deliver(DAY_S)
    assert shop.places()[reply] == "outbox"
    assert shop.told(Delivered) == []
    assert shop.told(Waiting)[-1].problem == faults.stranger()


def test_after_a_stranger_nothing_is_sent_before_the_desk_itself_answers(  # I10
    shop: Workshop, desk: LoopbackDesk, ticket: str
) -> None:
    desk.failing = lambda call, _id: NotOurServer(WORDS) if call in ("comment", "probe") else None
    shop.do(ticket, text="Floor 3")
    shop.deliver(3600)
    assert desk.calls.count("comment") == 1
    assert desk.calls.count("probe") > 5


def test_a_crash_between_receipt_and_move_asks_nobody_again(  # I3, I5
    shop: Workshop, desk: LoopbackDesk, ticket: str
) -> None:
    reply = shop.do(ticket, text="Floor 3", enclosed=[PASTED])
    shop.deliver()
    (shop.spool.sent / reply).rename(shop.spool.outbox / reply)
    calls = len(desk.calls)
    shop.restart()
    shop.deliver()
    assert (len(desk.calls), shop.places()[reply]) == (calls, "sent")


def test_two_processes_send_an_operation_once_and_in_order(  # I9
    shop: Workshop, desk: LoopbackDesk, ticket: str
) -> None:
    first = shop.do(ticket, text="first")
    shop.do(ticket, text="second")
    other = shop.spool.claim(first)  # the other process is sending it
    assert other
    shop.deliver(1)
    assert desk.texts() == []
    other.release()
    shop.deliver(60)
    assert desk.texts() == ["first", "second"]


def test_words_altered_on_disk_are_not_sent(shop: Workshop, desk: LoopbackDesk, ticket: str) -> None:  # I4
    reply = shop.do(ticket, text="Floor 3")
    path = shop.spool.outbox / reply / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"Floor 3", b"Floor 4"))
    shop.deliver()
    assert desk.operations == {}
    assert shop.places()[reply] == "attention"


def test_a_manifest_of_another_operation_is_not_sent(shop: Workshop, desk: LoopbackDesk, ticket: str) -> None:
    first, second = shop.do(ticket, text="first"), shop.do(ticket, text="second")
    path = shop.spool.outbox / second / "manifest.json"
    path.write_bytes((shop.spool.outbox / first / "manifest.json").read_bytes())
    shop.deliver()
    assert (desk.texts(), shop.places()[second]) == (["first"], "attention")


def test_what_an_older_version_set_aside_is_sent_after_the_upgrade(
    shop: Workshop, desk: LoopbackDesk, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.failing = lambda *_: Rejected(WORDS)
    refused = shop.do(ticket, text="refused by the desk")
    shop.deliver()
    desk.failing = lambda *_: None
    reply, damaged = (shop.do(ticket, text=text, enclosed=[PASTED]) for text in ("Floor 3", "damaged"))
    with monkeypatch.context() as older:
        older.setattr(manifest, "_read_operation", manifest._read_report)
        shop.deliver()
    assert set(shop.places().values()) == {"sent", "attention"}
    (shop.spool.attention / damaged / manifest.digest(PASTED.data)).write_bytes(b"?")
    shop.restart()
    shop.outbox.start()
    shop.clockwork.pass_by(0)
    assert shop.places() == {ticket: "sent", refused: "attention", reply: "sent", damaged: "attention"}
    assert desk.texts() == ["Floor 3"]


CRASHING = """
import os, sys
from pathlib import Path
sys.path.insert(0, {root!r})
left = int(sys.argv[2])

def deadly(call):
    def counted(*args, **kwargs):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return call(*args, **kwargs)
    return counted

from client.core.events import Saved
from client.core.models import Encoded
from tests.core.workshop import Workshop
shop = Workshop(Path(sys.argv[1]), None)
for name in ("open", "write", "fsync", "rename", "mkdir", "unlink", "utime"):
    setattr(os, name, deadly(getattr(os, name)))
shop.do("6f1c2d3e-0000-4000-8000-000000000009", text="Floor 3", enclosed=[Encoded(b"pasted", "image/png", ".png")])
if shop.told(Saved):
    sys.stdout.write("saved " + str(left))
"""


def _crash_at(profile: Path, step: int) -> str:
    command = [sys.executable, "-c", CRASHING.format(root=str(ROOT)), str(profile), str(step)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (0, 9), done.stderr
    return done.stdout


def test_killed_at_every_step_of_saving_an_operation_is_whole_or_never_was(tmp_path: Path) -> None:  # I1
    steps = 10_000 - int(_crash_at(tmp_path / "whole", 10_000).split()[1])
    assert steps > 10
    for step in range(steps):
        profile = tmp_path / str(step)
        said = _crash_at(profile, step)
        spool = Spool(profile / "spool")
        for entry_id in spool.waiting():
            entry = spool.load(entry_id)
            assert [entry.blob(item) for item in entry.content.attachments] == [b"pasted"]
        assert bool(said) <= bool(spool.waiting()), f"said saved at step {step}, and it is not"
        assert not (profile / "spool" / "quarantine").exists()
        after = Workshop(profile, LoopbackDesk())
        after.engine.begin("panel").discard()  # what was never saved is no draft of a report
        assert set(after.places().values()) <= {"outbox"}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES], ids=errno.errorcode.get)
def test_failing_at_any_call_says_not_saved_and_the_same_again_is_one_operation(  # I14, I3
    tmp_path: Path, desk: LoopbackDesk, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    for nth in range(60):
        shop = Workshop(tmp_path / str(nth), desk)
        report_id = shop.report().report_id
        shop.deliver()
        shop.events.clear()
        fuse = Fuse(nth, code)
        with monkeypatch.context() as patch:
            fuse.put_into(patch)
            operation_id = shop.do(report_id, text="Floor 3", enclosed=[PASTED])
        if shop.told(NotSaved):
            assert shop.told(Saved) == []
            shop.do(report_id, text="Floor 3", enclosed=[PASTED], operation_id=operation_id)
        assert [event.report_id for event in shop.told(Saved)] == [operation_id]
        shop.deliver()
        assert shop.places() == {report_id: "sent", operation_id: "sent"}
        if not fuse.has_blown:
            break
    else:
        raise AssertionError("there were more calls than were tried")
    assert nth > 8
    assert set(desk.texts()) == {"Floor 3"}
    assert len(desk.operations) == nth + 1


def test_a_reply_in_the_making_is_not_taken_for_a_draft(shop: Workshop, ticket: str) -> None:
    making = shop.spool.claim("6f1c2d3e-0000-4000-8000-0000000000c1")
    assert making
    shop.spool.open_draft("6f1c2d3e-0000-4000-8000-0000000000c1")
    draft = shop.engine.begin("panel")
    assert not draft.is_restored
    assert (shop.spool.drafts / "6f1c2d3e-0000-4000-8000-0000000000c1").exists()


def test_what_cannot_be_saved_is_said(shop: Workshop, ticket: str, tmp_path: Path) -> None:
    shop.do(ticket, text=" \n")
    shop.do(ticket, text="x" * 20_001)
    assert [event.problem.code for event in shop.told(NotSaved)] == ["empty", "too_long"]
    with pytest.raises(DeskbellError, match="no_file"):
        shop.do(ticket, text="see there", enclosed=[tmp_path / "nowhere.log"])
    assert shop.places() == {ticket: "sent"}


def test_an_attachment_that_goes_away_before_it_is_copied_is_said(
    shop: Workshop, ticket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "error.log"
    log.write_bytes(b"boom")
    monkeypatch.setattr("client.core.operations.read", lambda path: (_ for _ in ()).throw(FileNotFoundError(path)))
    shop.do(ticket, text="see there", enclosed=[log])
    assert [event.problem.code for event in shop.told(NotSaved)] == ["not_saved"]
    assert shop.places() == {ticket: "sent"}


def test_operations_are_for_this_user_alone(shop: Workshop, ticket: str) -> None:
    before = os.umask(0)
    try:
        shop.do(ticket, text="Floor 3", enclosed=[PASTED])
        shop.deliver()
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (shop.profile / "spool").rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


def test_a_glance_tells_what_reading_the_whole_tells(shop: Workshop, ticket: str) -> None:
    operation = shop.do(ticket, text="Floor 3")
    report = shop.report("printer jams", shot()).report_id
    assert [shop.spool.ticket_of(each) for each in (operation, report)] == [ticket, report]
    content = shop.spool.load(operation).content
    assert isinstance(content, Operation)
    assert content.report_id == ticket
    (shop.spool.outbox / report / "manifest.json").write_bytes(b"{")
    assert shop.spool.ticket_of(report) == report
