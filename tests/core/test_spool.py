"""Saving: "saved" means that the report survives whatever comes next."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from client.core import claim as claims
from client.core import durable
from client.core.entry import Damaged
from client.core.events import NotSaved, Saved
from client.core.spool import Spool
from tests.core.desk import LoopbackDesk
from tests.core.fuse import Fuse
from tests.core.workshop import Workshop, shot

ROOT = Path(__file__).resolve().parents[2]

CRASHING = """
import io, os, sys
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

from tests.core.desk import LoopbackDesk
from tests.core.workshop import Workshop, shot
from client.core.events import Saved
shop = Workshop(Path(sys.argv[1]), None)
os.open, os.fsync, os.rename, os.mkdir, os.unlink = map(deadly, (os.open, os.fsync, os.rename, os.mkdir, os.unlink))
os.write = deadly(os.write)
shop.report("printer jams", shot(1), shot(2, b"\\x01\\x02\\x03\\xff"))
if shop.told(Saved):
    sys.stdout.write("saved " + str(left))
"""


def _crash_at(profile: Path, step: int) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CRASHING.format(root=str(ROOT)), str(profile), str(step)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, 9), done.stderr
    return done.stdout


def test_killed_at_every_step_of_saving_a_report_is_whole_or_still_a_draft(tmp_path: Path) -> None:  # I1
    steps = 10_000 - int(_crash_at(tmp_path / "whole", 10_000).split()[1])
    assert steps > 15
    for step in range(steps):
        profile = tmp_path / str(step)
        said = _crash_at(profile, step)
        spool = Spool(profile / "spool")
        for report_id in spool.waiting():
            entry = spool.load(report_id)
            assert [len(entry.blob(item)) for item in entry.content.attachments] == [56, 56]
        assert bool(said) <= bool(spool.waiting()), f"said saved at step {step}, and it is not"
        assert not (profile / "spool" / "quarantine").exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES], ids=errno.errorcode.get)
def test_failing_at_any_call_says_not_saved_or_the_report_is_complete(  # I14
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    for nth in range(60):
        shop = Workshop(tmp_path / errno.errorcode[code] / str(nth), None)
        draft = shop.engine.begin_new("panel")
        with monkeypatch.context() as patch:
            fuse = Fuse(nth, code)
            fuse.put_into(patch)
            draft.set_words("printer jams", None, True)
            draft.add_shots([shot(1)])
            draft.submit()
        if shop.told(NotSaved):
            assert not shop.told(Saved)
            assert draft.text == "printer jams"
            draft.submit()  # the disk is well again
        assert len(shop.told(Saved)) == 1
        entry = shop.spool.load(draft.report_id)
        assert [entry.blob(item) for item in entry.content.attachments] == [b"encoded:" + b"\x10\x20\x30\xff" * 12]
        if not fuse.has_blown:
            break
    else:
        raise AssertionError("there were more calls than were tried")
    assert nth > 10


def test_words_changed_after_a_failed_send_are_the_ones_that_are_sent(  # I4
    shop: Workshop, desk: LoopbackDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = shop.engine.begin_new("panel")
    draft.set_words("first", None, False)
    draft.add_shots([shot()])
    real = durable.sync_dir
    for is_stuck in (False, True):  # and where the disk does not even let it be taken back
        with monkeypatch.context() as patch:

            def fail(path: Path) -> None:
                if path.name == "outbox":
                    raise OSError(errno.EIO, "input/output error")
                real(path)

            patch.setattr(durable, "sync_dir", fail)
            if is_stuck:
                patch.setattr("client.core.spool._take_back", lambda *_: None)
            draft.submit()
        draft.set_words("second, edited", "app", True)
    assert len(shop.told(NotSaved)) == 2
    draft.submit()
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent"}
    assert b"second, edited" in desk.manifests[draft.report_id]
    assert len(desk.blobs[draft.report_id]) == 1


def test_a_lock_whose_file_was_removed_is_not_taken_for_the_lock(tmp_path: Path) -> None:
    first = claims.claim(tmp_path / "lock")
    assert first
    (tmp_path / "lock").unlink()
    assert not first.is_current()
    second = claims.claim(tmp_path / "lock")
    assert second
    assert second.is_current()
    assert claims.claim(tmp_path / "lock") is None


def test_everything_in_the_spool_is_for_this_user_alone(shop: Workshop) -> None:
    before = os.umask(0)
    try:
        shop.report("printer jams", shot())
        shop.deliver()
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (shop.profile / "spool").rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


def test_a_link_planted_in_the_place_of_a_picture_is_not_followed(shop: Workshop, tmp_path: Path) -> None:
    draft = shop.report("printer jams", shot())
    sha256 = draft.pictures[0].sha256
    assert sha256
    blob = shop.spool.outbox / draft.report_id / sha256
    secret = tmp_path / "secret"
    secret.write_bytes(blob.read_bytes())
    blob.unlink()
    blob.symlink_to(secret)
    entry = shop.spool.load(draft.report_id)
    with pytest.raises(Damaged, match="no regular file"):
        entry.blob(entry.content.attachments[0])


def test_a_fifo_in_the_place_of_the_manifest_blocks_nothing(shop: Workshop) -> None:
    draft = shop.report()
    path = shop.spool.outbox / draft.report_id / "manifest.json"
    path.unlink()
    os.mkfifo(path)
    shop.deliver()
    assert shop.places() == {draft.report_id: "attention"}


def test_pictures_of_delivered_reports_expire_and_the_ledger_stays(shop: Workshop) -> None:
    draft = shop.report("printer jams", shot())
    shop.deliver()
    shop.spool.expire_sent(3600)
    assert len(list((shop.spool.sent / draft.report_id).iterdir())) == 3
    shop.spool.expire_sent(-1)
    assert {path.name for path in (shop.spool.sent / draft.report_id).iterdir()} == {"manifest.json", "receipt.json"}


def test_a_delivered_report_keeps_nothing_of_its_draft(shop: Workshop) -> None:
    draft = shop.report("printer jams", shot())
    (shop.spool.outbox / draft.report_id / "draft.json").write_text("{}")  # killed just after the rename
    shop.deliver()
    assert len(list((shop.spool.sent / draft.report_id).iterdir())) == 3


def test_saving_the_same_report_again_changes_nothing(shop: Workshop) -> None:
    draft = shop.report("printer jams", shot())
    entry = shop.spool.load(draft.report_id)
    assert shop.spool.commit(entry.content) == entry.manifest_sha256
    assert shop.spool.load(draft.report_id).manifest == entry.manifest
