"""What a disk, a crash or a cleaning program makes of state that may be lost: it is as if it were not there."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest

from client.core import draft_file
from client.core.account import Account
from client.core.errors import Problem
from client.core.events import NeedsAttention
from client.core.models import DeskInfo
from client.core.settings import load
from client.system.secrets import Secrets
from tests.core.desk import LoopbackDesk
from tests.core.workshop import Workshop, shot

DEEP = b"[" * 60_000  # deeper than a parser goes
STRANGE = [b"", b"\x00" * 200, b"[]", b"{}", b"null", b'"x"', b"7", b'{"device_id": 7}', DEEP]
strange = pytest.mark.parametrize("content", STRANGE, ids=lambda content: repr(content[:20]))


@strange
def test_a_receipt_before_the_move(shop: Workshop, desk: LoopbackDesk, content: bytes) -> None:
    report_id = shop.report("printer jams", shot()).report_id
    shop.deliver()
    back = (shop.spool.sent / report_id).rename(shop.spool.outbox / report_id)
    (back / "receipt.json").write_bytes(content)
    other = shop.report("another").report_id
    shop.restart()
    shop.deliver()
    assert shop.places() == {report_id: "sent", other: "sent"}
    assert list(desk.manifests) == [report_id, other]


def test_a_receipt_whose_number_has_no_end(shop: Workshop) -> None:
    report_id = shop.report().report_id
    shop.deliver()
    path = shop.spool.sent / report_id / "receipt.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"ticket_number": float("inf")}))
    assert shop.spool.sent_receipt(report_id) is None


@strange
def test_the_reason_why_a_report_needs_attention(shop: Workshop, content: bytes) -> None:
    report_id = shop.report().report_id
    shop.spool.park(report_id, Problem("rejected", "no"))
    (shop.spool.attention / report_id / "problem.json").write_bytes(content)
    assert shop.spool.problem(report_id) is None
    shop.outbox.send_now()
    shop.clockwork.pass_by(1)
    assert shop.places() == {report_id: "sent"}


def test_a_draft_of_which_one_bit_changed_does_not_come_back(shop: Workshop, tmp_path: Path) -> None:
    """Else it is sent with a size, a name or a moment that nobody sees and nobody approved, or refused for ever."""
    attached = tmp_path / "notes.txt"
    attached.write_text("hello")
    draft = shop.engine.begin_new("panel")
    draft.add_shots([shot()])
    draft.add_file(attached)
    draft.set_words("printer jams", "app", True)
    path = shop.spool.drafts / draft.report_id / "draft.json"
    whole = path.read_bytes()
    assert draft_file.read(path.parent).text == "printer jams"
    for at in range(len(whole)):
        altered = bytearray(whole)
        altered[at] ^= 1 << at % 8
        path.write_bytes(altered)
        with pytest.raises(ValueError, match=r"."):
            draft_file.read(path.parent)


@strange
def test_a_draft_that_is_none_is_kept_aside(shop: Workshop, content: bytes) -> None:
    draft = shop.engine.begin_new("panel")
    draft.set_words("printer jams", None, False)
    assert draft._claim
    draft._claim.release()
    (shop.spool.drafts / draft.report_id / "draft.json").write_bytes(content)
    assert not shop.engine.begin("panel").is_restored
    assert shop.places()[draft.report_id] == "quarantine"


@strange
def test_what_was_known_of_the_desk(shop: Workshop, content: bytes) -> None:
    (shop.profile / "cache").mkdir(parents=True)
    (shop.profile / "cache/desk.json").write_bytes(content)
    assert shop.engine.desk() is None
    shop.engine.refresh_desk()
    shop.clockwork.pass_by(1)
    assert shop.engine.desk() == DeskInfo("Example Ltd", "5500", ("Anna Kern",))


@strange
def test_settings_that_are_none_are_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "deskbell.json"
    path.write_bytes(content)
    settings = load(tmp_path / "machine.json", path)
    assert settings.not_set_up
    assert settings.problems or content == b"{}"


def test_an_altered_identity_makes_a_new_device(tmp_path: Path) -> None:
    for content in STRANGE:
        first = _account(tmp_path).credential()
        (tmp_path / "identity.json").write_bytes(content)
        assert _account(tmp_path).credential().device_id != first.device_id


@pytest.mark.parametrize("alter", [lambda s: s[:-1], lambda s: s + "A", lambda s: "!" + s[1:], lambda s: "é" + s[1:]])
def test_a_secret_of_a_form_that_no_desk_takes_makes_a_new_device(tmp_path: Path, alter: object) -> None:
    """Else every request is refused before anybody looks at the device, and no report ever leaves."""
    assert callable(alter)
    first = _account(tmp_path).credential()
    Secrets(tmp_path / "secrets", None).write(first.device_id, alter(first.secret))
    second = _account(tmp_path).credential()
    assert second.device_id != first.device_id
    assert _account(tmp_path).credential() == second


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_is_no_picture_any_more_is_left_out(shop: Workshop, desk: LoopbackDesk, kind: str) -> None:
    draft = shop.report("printer jams", shot(1), shot(2, b"\x01\x02\x03\xff"))
    damaged, sound = (picture.sha256 for picture in draft.pictures)
    assert damaged
    assert sound
    path = shop.spool.outbox / draft.report_id / damaged
    path.unlink()
    path.mkdir() if kind == "folder" else path.symlink_to("/dev/null")
    handles = psutil.Process().num_fds()
    shop.deliver()
    assert shop.places() == {draft.report_id: "attention"}
    assert [event.problem.code for event in shop.told(NeedsAttention)] == ["left_out"]
    assert set(desk.blobs[draft.report_id]) == {sound}
    assert psutil.Process().num_fds() == handles


def _account(profile: Path) -> Account:
    store = Secrets(profile / "secrets", None)
    return Account(identity=profile / "identity.json", open_store=lambda: store, site_key="dbk_x")
