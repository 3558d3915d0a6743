"""What a disk can do to a report. Further faults of storage are in tests/core/test_spool.py and test_outbox.py."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from client.core import manifest
from client.core.errors import Problem, Unreachable
from client.core.events import Delivered, NeedsAttention, NotSaved, OutboxChanged, Waiting
from client.core.spool import Spool
from tests.core.client import Client
from tests.core.desk import LoopbackDesk
from tests.core.workshop import Workshop, shot
from tests.rigs.desk_server import DeskServer
from tests.rigs.namespaces import own_mounts

ROOT = Path(__file__).resolve().parents[3]
DAY_S = 24 * 3600.0
WORDS = Problem("some", "Some title", "Some detail")
SOME_ID = "6f1c2d3e-0000-4000-8000-000000000001"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=errno.errorcode.get)
def test_a_disk_that_fails_between_receipt_and_delivered_asks_for_no_second_ticket(
    shop: Workshop, desk: LoopbackDesk, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    draft = shop.report("printer jams", shot())

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr("client.core.entry.replace", fail)
        shop.deliver(600)
        assert shop.places() == {draft.report_id: "outbox"}
        assert not shop.told(Delivered)
    shop.deliver(600)
    assert shop.places() == {draft.report_id: "sent"}
    assert list(desk.manifests) == [draft.report_id]
    assert len(shop.told(Delivered)) == 1


def test_a_profile_on_a_read_only_file_system_says_not_saved(tmp_path: Path) -> None:
    alone = own_mounts()
    if alone is None:
        pytest.skip("this machine gives no mount namespace")
    profile = tmp_path / "profile"
    profile.mkdir()
    script = 'mount -t tmpfs -o ro none "$0" && shift 0 && exec "$@"'
    command = [sys.executable, "-m", "client", "report", "hello", "--no-screens", "--profile", str(profile)]
    done = subprocess.run(
        [*alone, "sh", "-c", script, str(profile), *command],
        cwd=ROOT,
        env=os.environ | {"LANGUAGE": "en"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (5, ""), done.stderr
    assert done.stderr.startswith("This PC does not let Deskbell save anything. Nothing was sent")


@pytest.mark.needs_root
def test_a_profile_of_another_user_says_not_saved_and_is_left_alone(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    Client(profile, "", "").report("somebody else's")
    before = {path: path.stat().st_mode for path in profile.rglob("*")}
    script = """
import os, sys
import requests
from client import assembly, cli
from client.commands import outbox, report
from client.core import account, draft, draft_file, engine, save_problem
from client.system import facts, front_window, identity
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
sys.exit(cli.run(sys.argv[1:]))
"""
    profile.parent.chmod(0o755)
    for path in (profile, *before):
        os.chown(path, 12345, 12345)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script, *arguments, "--profile", str(profile)]
        given = os.environ | {"LANGUAGE": "en"}
        return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, timeout=60, check=False)

    report, waiting = run("report", "mine", "--no-screens"), run("outbox")
    assert (report.returncode, report.stdout) == (5, ""), report.stderr
    assert report.stderr.startswith("This PC does not let Deskbell save anything.")
    assert (waiting.returncode, waiting.stdout) == (1, ""), waiting.stderr
    assert waiting.stderr.startswith("Deskbell cannot keep anything on this PC.")
    assert {path: path.stat().st_mode for path in profile.rglob("*")} == before


def test_a_bit_flipped_anywhere_in_a_manifest_is_never_sent_as_if_the_user_had_written_it(
    shop: Workshop, desk: LoopbackDesk
) -> None:
    draft = shop.report("The printer on floor 3 jams")
    path = shop.spool.outbox / draft.report_id / "manifest.json"
    approved = path.read_bytes()
    for place in range(0, len(approved) * 8, 17):
        flipped = bytearray(approved)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        shop.deliver(1)
        if shop.places() == {draft.report_id: "attention"}:
            shop.spool.release(draft.report_id)
        assert desk.manifests == {}, (place, bytes(flipped[place // 8 - 20 : place // 8 + 20]))
    path.write_bytes(approved)
    shop.deliver()
    assert desk.manifests == {draft.report_id: approved}


def test_a_manifest_cut_anywhere_is_kept_and_shown(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.report("The printer on floor 3 jams")
    path = shop.spool.outbox / draft.report_id / "manifest.json"
    approved = path.read_bytes()
    for length in range(0, len(approved), 11):
        path.write_bytes(approved[:length])
        shop.deliver(1)
        assert shop.places() == {draft.report_id: "attention"}
        shop.spool.release(draft.report_id)
    assert desk.calls == []
    assert {told.problem.code for told in shop.told(NeedsAttention)} == {"damaged"}


def test_a_picture_missing_from_disk_leaves_the_rest_and_is_said(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.report("printer jams", shot(1), shot(2, b"\x01\x02\x03\xff"))
    sha256 = draft.pictures[0].sha256
    assert sha256
    (shop.spool.outbox / draft.report_id / sha256).unlink()
    shop.deliver()
    assert len(desk.blobs[draft.report_id]) == 1
    assert shop.places() == {draft.report_id: "attention"}
    assert "Ticket 1001" in shop.told(NeedsAttention)[0].problem.title


def test_a_picture_that_cannot_be_read_for_now_is_sent_when_it_can(
    shop: Workshop, desk: LoopbackDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = shop.report("printer jams", shot())
    sha256 = draft.pictures[0].sha256
    real = os.open

    def broken(path: object, *arguments: int) -> int:
        if str(path).endswith(str(sha256)):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(path, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("client.core.spool.os.open", broken)
        shop.deliver(600)
    assert shop.places() == {draft.report_id: "outbox"}
    assert shop.told(Waiting)[-1].problem.code == "disk"
    shop.deliver(600)
    assert shop.places() == {draft.report_id: "sent"}


def test_a_picture_put_back_after_it_was_missing_completes_the_ticket(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.report("printer jams", shot())
    (blob,) = (shop.spool.outbox / draft.report_id).glob("?" * 64)
    kept = blob.read_bytes()
    blob.unlink()
    shop.deliver()
    (shop.spool.attention / draft.report_id / blob.name).write_bytes(kept)
    shop.outbox.send_now()
    shop.clockwork.pass_by(1)
    assert shop.places() == {draft.report_id: "sent"}
    assert desk.has_all_of(draft.report_id)
    assert len(desk.manifests) == 1


@pytest.mark.parametrize("damage", [b"", b"{", b"\x00" * 200, b'{"report_id": 7}', b"[]"])
def test_a_scrambled_receipt_is_asked_for_again_and_makes_no_second_ticket(
    shop: Workshop, desk: LoopbackDesk, damage: bytes
) -> None:
    draft = shop.report("printer jams", shot())
    shop.deliver()
    receipt = shop.spool.sent / draft.report_id / "receipt.json"
    whole = receipt.read_bytes()
    receipt.write_bytes(damage)
    receipt.parent.rename(shop.spool.outbox / draft.report_id)  # the crash came before the move
    shop.restart()
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent"}
    assert receipt.read_bytes() == whole
    assert len(desk.manifests) == 1


@pytest.mark.parametrize("damage", [None, b"", b"{", b"\xff\x00"])
def test_a_lost_reason_hides_no_report_that_needs_attention(
    shop: Workshop, desk: LoopbackDesk, damage: bytes | None
) -> None:
    draft = shop.report()
    (shop.spool.outbox / draft.report_id / "manifest.json").write_bytes(b"{")
    shop.deliver()
    reason = shop.spool.attention / draft.report_id / "problem.json"
    reason.unlink()
    if damage is not None:
        reason.write_bytes(damage)
    shop.restart()
    shop.deliver()
    assert shop.outbox.state().attention == 1
    assert shop.spool.problem(draft.report_id) is None


@pytest.mark.parametrize("damage", [None, b"", b"{", b"\xff\x00", b'{"device_id": "../../x"}', b'{"device_id": null}'])
def test_a_scrambled_identity_makes_a_new_device_and_no_second_ticket(
    client: Client, desk_server: DeskServer, damage: bytes | None
) -> None:
    report_id = client.report()
    client.unsend(report_id)
    identity = client.paths.data / "identity.json"
    identity.unlink()
    if damage is not None:
        identity.write_bytes(damage)
    client.restart()
    assert client.delivered() == [report_id, report_id]
    assert desk_server.rows("select count(*) from tickets where id = ?", report_id) == [(1,)]


def test_what_a_crash_left_inside_a_report_is_no_trouble(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.report("printer jams", shot())
    folder = shop.spool.outbox / draft.report_id
    for name in ("receipt.json.4711.new", "problem.json.4711.new", "draft.json", "draft.json.4711.new"):
        (folder / name).write_bytes(b"half")
    shop.restart()
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent"}
    assert desk.has_all_of(draft.report_id)


def _planted(path: Path, kind: str, elsewhere: Path) -> None:
    elsewhere.mkdir(exist_ok=True)
    {
        "link": lambda: path.symlink_to(elsewhere),
        "fifo": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "dangling": lambda: path.symlink_to("/nowhere/at/all"),
    }[kind]()


@pytest.mark.parametrize("kind", ["link", "fifo", "dangling"])
def test_what_is_planted_in_the_outbox_is_put_aside_and_not_followed(
    shop: Workshop, desk: LoopbackDesk, tmp_path: Path, kind: str
) -> None:
    draft = shop.report()
    _planted(shop.spool.outbox / SOME_ID, kind, tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir(exist_ok=True)
    (tmp_path / "elsewhere" / "manifest.json").write_bytes(b"{}")
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent", SOME_ID: "quarantine"}
    assert (tmp_path / "elsewhere" / "manifest.json").read_bytes() == b"{}"


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_a_lock_that_cannot_be_had_holds_up_no_other_report(  # I7
    shop: Workshop, desk: LoopbackDesk, tmp_path: Path, kind: str
) -> None:
    good = shop.report("good")
    stuck = shop.report("stuck")
    lock = shop.spool.locks / stuck.report_id
    lock.unlink()
    _planted(lock, kind, tmp_path / "elsewhere")
    shop.deliver(60)
    assert shop.places() == {stuck.report_id: "outbox", good.report_id: "sent"}
    assert shop.told(Waiting)[-1].problem.code == "disk"
    lock.unlink() if kind == "link" else lock.rmdir()
    shop.deliver(600)
    assert shop.places()[stuck.report_id] == "sent"


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_a_lock_that_cannot_be_had_keeps_no_other_draft_from_its_user(
    shop: Workshop, tmp_path: Path, kind: str
) -> None:
    for text in ("the older one", "the newer one"):
        draft = shop.engine.begin_new("panel")
        draft.set_words(text, None, False)
        draft.put_aside()
    lock = shop.spool.locks / draft.report_id
    lock.unlink(missing_ok=True)
    _planted(lock, kind, tmp_path / "elsewhere")
    assert shop.engine.begin("panel").text == "the older one"
    assert shop.places()[draft.report_id] == "drafts"


def test_the_whole_spool_deleted_under_a_running_program_is_made_anew(shop: Workshop, desk: LoopbackDesk) -> None:
    shop.report("before")
    shop.deliver()
    shutil.rmtree(shop.profile)
    shop.deliver(DAY_S)
    draft = shop.report("after", shot())
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent"}
    assert desk.has_all_of(draft.report_id)


def test_the_draft_deleted_while_the_user_writes_says_not_saved_or_is_whole(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.engine.begin("panel")
    draft.add_shots([shot()])
    shutil.rmtree(shop.spool.drafts / draft.report_id)
    draft.set_words("still here", None, False)
    draft.submit()
    (told,) = shop.told(NotSaved)
    assert told.problem.code == "not_saved"
    draft.include(draft.pictures[0].id, False)
    draft.submit()
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent"}


def test_ten_thousand_reports_in_the_outbox_hold_up_no_new_one(tmp_path: Path, desk: LoopbackDesk) -> None:
    shop = Workshop(tmp_path / "profile", desk)
    first = shop.spool.load(shop.report("one of many").report_id).content
    for number in range(10_000):
        one = replace(first, report_id=f"00000000-0000-4000-8000-{number:012d}")
        folder = shop.spool.outbox / one.report_id
        folder.mkdir(mode=0o700)
        (folder / "manifest.json").write_bytes(manifest.encode(one))
    shop.restart()
    newest = shop.report("the newest")
    desk.failing = lambda _call, report_id: None if report_id == newest.report_id else Unreachable(WORDS)
    shop.deliver()
    assert list(desk.manifests) == [newest.report_id]
    assert len(desk.calls) == 2  # the second found the way closed, for all of them
    assert shop.outbox.state() == OutboxChanged(10_001, 0, False, WORDS)


@pytest.mark.parametrize("name", ["naïve Ordner mit Leerzeichen", "line\nbreak", "-rf", "\udcff\udcfe", "%s{0}$HOME"])
def test_a_profile_of_any_name_works(tmp_path: Path, desk_server: DeskServer, name: str) -> None:
    profile = tmp_path / name
    Client(profile, desk_server.url, desk_server.site_key)

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "client", *arguments, f"--profile={os.fsdecode(os.fsencode(profile))}"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)

    done = run("report", "hello", "--no-screens")
    assert (done.returncode, done.stderr) == (0, b"")
    done = run("doctor")
    assert b"Traceback" not in done.stderr
    assert b"server" in done.stdout.lower()


def test_two_things_of_one_name_are_both_kept_in_quarantine(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.prepare()
    for text in ("first", "second"):
        odd = spool.outbox / "odd"
        odd.write_text(text)
        spool.set_aside(odd)
    assert sorted(path.read_text() for path in spool.quarantine.iterdir()) == ["first", "second"]
