"""The report in the making."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from client.core import draft_file
from client.core.errors import DeskbellError
from client.core.events import FactsFound, NotSaved, PictureFailed, PictureReady, Saved
from client.core.lane import Inline, Lane
from client.core.models import Collector, Encoded, Flaw, Requester, Shot
from tests.core.desk import LoopbackDesk
from tests.core.workshop import TAKEN_AT, Clockwork, Workshop, encode, shot
from tests.rigs.waiting import wait_until


def _bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_what_the_user_approved_is_what_the_desk_gets(shop: Workshop, desk: LoopbackDesk) -> None:  # I4
    shots = [shot(1), shot(2, b"\x01\x02\x03\xff")]
    draft = shop.report("printer jams", *shots)
    approved = {
        picture.sha256: picture.stored.read_bytes()
        for picture in draft.pictures
        if picture.stored and picture.stored.exists()
    }
    shop.deliver()
    assert set(desk.blobs[draft.report_id].values()) == {encode(one).data for one in shots}
    assert approved.items() <= desk.blobs[draft.report_id].items()


def test_an_unticked_picture_is_in_no_byte_that_leaves_the_draft(shop: Workshop, desk: LoopbackDesk) -> None:  # I16
    secret = b"\x53\x45\x43\xff"
    draft = shop.engine.begin_new("panel")
    draft.add_shots([shot(1), shot(2, secret)])
    draft.include(draft.pictures[1].id, False)
    draft.submit()
    shop.deliver()
    assert len(desk.blobs[draft.report_id]) == 1
    assert secret not in _bytes_below(shop.spool.root)


def test_an_unticked_fact_is_not_in_the_report(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.engine.begin_new("panel")
    draft.gather(
        [Collector("host", "Computer", lambda: ("LAP-4F2", None)), Collector("dns", "DNS", lambda: ("192.0.2.1", None))]
    )
    draft.include_fact("dns", False)
    draft.submit()
    shop.deliver()
    assert b"LAP-4F2" in desk.manifests[draft.report_id]
    assert b"192.0.2.1" not in desk.manifests[draft.report_id]


def test_nothing_leaves_before_send(shop: Workshop, desk: LoopbackDesk, monkeypatch: pytest.MonkeyPatch) -> None:  # I17
    def refuse(*_: object) -> None:
        raise AssertionError("the network was touched before Send")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    draft = shop.engine.begin("panel")
    draft.add_shots([shot()])
    draft.gather([])
    draft.set_words("secret", "app", True)
    shop.deliver(3600)
    draft.put_aside()
    shop.deliver(3600)
    assert desk.calls == []


def test_shots_are_encoded_when_told_or_when_send_is_pressed(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.engine.begin_new("panel")
    draft.take_in([shot(1)])
    assert [picture.stored for picture in draft.pictures] == [None]
    draft.encode()
    assert all(picture.stored for picture in draft.pictures)
    draft.take_in([shot(2, b"\x01\x02\x03\xff")])
    draft.submit()
    shop.deliver()
    assert len(desk.blobs[draft.report_id]) == 2


def test_however_often_send_is_pressed_it_is_one_report(shop: Workshop, desk: LoopbackDesk) -> None:  # I3
    draft = shop.engine.begin_new("panel")
    for _ in range(5):
        draft.submit()
    draft.put_aside()
    draft.discard()
    draft.submit()
    shop.deliver()
    assert list(desk.manifests) == [draft.report_id]
    assert len(shop.told(Saved)) == 1


def test_send_waits_for_pictures_that_are_still_being_encoded(shop: Workshop, desk: LoopbackDesk) -> None:
    later = Clockwork()
    shop.encoders[:] = [later]
    draft = shop.report("printer jams", shot())
    assert shop.told(Saved) == []
    later.run_due()
    assert [type(event) for event in shop.events[:2]] == [PictureReady, Saved]
    shop.deliver()
    assert len(desk.blobs[draft.report_id]) == 1


def test_a_picture_that_cannot_be_encoded_never_stops_a_report(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.engine.begin_new("panel")

    def burst(_: Shot) -> Encoded:
        raise MemoryError

    object.__setattr__(draft._around, "encode", burst)
    draft.add_shots([shot(1), Shot(shot(2).display, TAKEN_AT, None, Flaw.REFUSED)])
    draft.submit()
    shop.deliver()
    assert len(shop.told(PictureFailed)) == 1
    manifest = desk.manifests[draft.report_id].decode()
    assert "The picture of display 1 did not work out." in manifest
    assert "This desktop did not allow a picture of display 2." in manifest


def test_a_fault_of_ours_while_saving_says_not_saved_and_can_be_repeated(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.engine.begin_new("panel")
    real = draft._around.requester

    def broken() -> Requester:
        raise RuntimeError("a fault of ours")

    object.__setattr__(draft._around, "requester", broken)
    with pytest.raises(RuntimeError):
        draft.submit()
    (told,) = shop.told(NotSaved)
    assert told.problem.detail.endswith("(RuntimeError)")
    object.__setattr__(draft._around, "requester", real)
    draft.submit()
    shop.deliver()
    assert list(desk.manifests) == [draft.report_id]


def test_two_displays_that_show_the_same_are_two_pictures(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.report("printer jams", shot(1), shot(2))
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent"}
    assert desk.manifests[draft.report_id].count(b'"kind": "screenshot"') == 2


def test_words_put_aside_come_back_and_their_pictures_do_not(shop: Workshop) -> None:
    draft = shop.engine.begin("panel")
    draft.set_words("half a sentence", "slow", True)
    draft.add_shots([shot()])
    draft.put_aside()
    again = shop.engine.begin("panel")
    assert (again.text, again.category, again.blocking, again.pictures) == ("half a sentence", "slow", True, ())
    assert again.is_restored
    assert again.report_id == draft.report_id
    assert b"encoded:" not in _bytes_below(shop.spool.root)


@pytest.mark.parametrize("is_encoding", [False, True])
def test_words_put_aside_while_the_disk_is_busy_are_kept_when_the_program_ends(
    shop: Workshop, is_encoding: bool
) -> None:
    disk = Lane("disk", lambda _lane, error: pytest.fail(str(error)))
    later = Clockwork()
    shop.disk, shop.encoders[:] = disk, [later if is_encoding else Inline()]  # type: ignore[assignment]
    shop.restart()
    busy, ending = threading.Event(), threading.Event()
    disk.put(lambda: (busy.set(), ending.wait(10))[0])
    assert busy.wait(10)
    draft = shop.engine.begin("panel")
    draft.add_shots([shot()])
    draft.set_words("half a thought", None, False)
    draft.put_aside()
    end = threading.Thread(target=shop.engine.close)
    end.start()
    wait_until(lambda: len(disk._due) > 1, "the end to wait for the disk")
    ending.set()
    end.join(10)
    disk.close(10)
    assert draft_file.read(shop.spool.drafts / draft.report_id).text == "half a thought"


def test_an_empty_draft_put_aside_leaves_nothing(shop: Workshop) -> None:
    draft = shop.engine.begin("panel")
    draft.add_shots([shot()])
    draft.put_aside()
    assert shop.places() == {}
    assert not shop.engine.begin("panel").is_restored


def test_after_a_crash_words_and_pictures_come_back(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.engine.begin("panel")
    draft.add_shots([shot()])
    draft.set_words("half a sentence", None, False)
    assert draft._claim
    draft._claim.release()  # as the operating system does when a process dies
    shop.restart()
    again = shop.engine.begin("panel")
    assert again.text == "half a sentence"
    assert [(one.is_earlier, one.taken_at, one.display) for one in again.pictures] == [(True, TAKEN_AT, shot().display)]
    again.add_shots([shot(1, b"\x01\x02\x03\xff")])
    again.submit()
    shop.deliver()
    assert len(desk.blobs[again.report_id]) == 2


def test_an_attachment_of_a_draft_put_aside_comes_back(shop: Workshop, desk: LoopbackDesk, tmp_path: Path) -> None:
    log = tmp_path / "error.log"
    log.write_bytes(b"boom")
    draft = shop.engine.begin("panel")
    draft.add_shots([shot()])
    draft.add_file(log)
    draft.put_aside()
    log.unlink()
    again = shop.engine.begin("panel")
    assert [picture.name for picture in again.pictures] == ["error.log"]
    again.submit()
    shop.deliver()
    assert list(desk.blobs[again.report_id].values()) == [b"boom"]


def test_what_was_never_more_than_a_half_made_copy_is_deleted(shop: Workshop) -> None:
    folder = shop.spool.open_draft("6f1c2d3e-0000-4000-8000-000000000001")
    (folder / ("0" * 64)).write_bytes(b"pixels that nobody approved")
    assert not shop.engine.begin("panel").is_restored
    assert shop.places() == {}


def test_a_draft_that_another_process_works_on_is_left_alone(shop: Workshop) -> None:  # I9
    draft = shop.engine.begin("panel")
    draft.set_words("mine", None, False)
    other = Workshop(shop.profile, shop.desk)
    assert other.engine.begin("panel").report_id != draft.report_id


def test_a_scrambled_draft_is_kept_aside_and_a_new_one_begins(shop: Workshop) -> None:
    draft = shop.engine.begin("panel")
    draft.set_words("mine", None, False)
    assert draft._claim
    draft._claim.release()
    (shop.spool.drafts / draft.report_id / "draft.json").write_bytes(b"\x00\x01")
    assert not shop.engine.begin("panel").is_restored
    assert shop.places()[draft.report_id] == "quarantine"


def test_a_fact_that_fails_or_hangs_is_only_missing(shop: Workshop) -> None:

    release = threading.Event()

    def hang() -> tuple[str, str | None]:
        release.wait(30)
        return "late", None

    def fail() -> tuple[str, str | None]:
        raise OSError("no such thing")

    draft = shop.engine.begin_new("panel")
    draft.gather(
        [
            Collector("hangs", "Hangs", hang),
            Collector("fails", "Fails", fail),
            Collector("none", "None", lambda: None),
            Collector("disk", "Disk", lambda: ("3 GB free", "low")),
        ]
    )
    release.set()
    (found,) = shop.told(FactsFound)
    assert [(fact.key, fact.value, fact.alarm) for fact in found.facts] == [("disk", "3 GB free", "low")]


def test_an_attachment_is_copied_when_it_is_added(shop: Workshop, desk: LoopbackDesk, tmp_path: Path) -> None:
    log = tmp_path / "error log.txt"
    log.write_bytes(b"first")
    draft = shop.engine.begin_new("panel")
    draft.add_file(log)
    log.write_bytes(b"changed")
    draft.submit()
    shop.deliver()
    assert list(desk.blobs[draft.report_id].values()) == [b"first"]
    assert b'"name": "error log.txt"' in desk.manifests[draft.report_id]


@pytest.mark.parametrize("name", ["nothing.txt", "folder", "fifo", "huge"])
def test_what_cannot_be_attached_is_said(shop: Workshop, tmp_path: Path, name: str) -> None:
    import os

    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name == "fifo":
        os.mkfifo(path)
    elif name == "huge":
        with path.open("wb") as out:
            out.truncate(26 * 1024 * 1024)
    draft = shop.engine.begin_new("panel")
    with pytest.raises(DeskbellError, match=name):
        draft.add_file(path)
    assert draft.pictures == ()


def test_text_that_json_or_a_database_cannot_carry_is_cleaned(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.report("a\x00b\ud800c\x1b[31m\nd")
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent"}
    assert rb'"text": "ab?c[31m\nd"' in desk.manifests[draft.report_id]


def test_with_real_lanes_a_report_is_saved_too(tmp_path: Path, desk: LoopbackDesk) -> None:

    shop = Workshop(tmp_path / "p", desk)
    crashes: list[BaseException] = []
    saved = threading.Event()
    lanes = [Lane(f"test-{number}", lambda _n, error: crashes.append(error)) for number in range(3)]
    object.__setattr__(shop.engine._around, "disk", lanes[0])
    object.__setattr__(shop.engine._around, "encoders", lanes[1:])
    object.__setattr__(shop.engine._around, "on_event", lambda event: isinstance(event, Saved) and saved.set())
    draft = shop.engine.begin_new("panel")
    draft.add_shots([shot(number, bytes([number, 0, 0, 255])) for number in range(1, 9)])
    draft.submit()
    assert saved.wait(20)
    assert crashes == []
    assert len(shop.spool.load(draft.report_id).content.attachments) == 8
    for lane in lanes:
        lane.close(5)
