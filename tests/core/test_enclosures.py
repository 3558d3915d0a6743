"""Attachments of tickets: fetched once, the very bytes, and no loss when they are deleted."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from client.core.errors import Unreachable
from client.core.events import EnclosureMissing, EnclosureReady
from client.core.lane import Inline
from client.core.manifest import digest
from client.core.tickets.enclosures import Enclosures
from tests.core.desk import LoopbackDesk
from tests.core.test_outbox import WORDS
from tests.core.workshop import Workshop, shot

TICKET = "6f1c2d3e-0000-4000-8000-000000000001"
DATA = b"a picture of an agent's"
SHA256 = digest(DATA)


def fetched(shop: Workshop, sha256: str = SHA256, ticket_id: str = TICKET) -> EnclosureReady | EnclosureMissing:
    shop.events.clear()
    shop.engine.fetch(ticket_id, sha256)
    shop.clockwork.pass_by(0)
    (event,) = (each for each in shop.events if isinstance(each, (EnclosureReady, EnclosureMissing)))
    return event


def bytes_of(event: EnclosureReady | EnclosureMissing) -> bytes:
    assert isinstance(event, EnclosureReady)
    return event.path.read_bytes()


@pytest.fixture
def agents(desk: LoopbackDesk) -> LoopbackDesk:
    desk.blobs[TICKET] = {SHA256: DATA}
    return desk


def test_an_attachment_is_fetched_once(shop: Workshop, agents: LoopbackDesk) -> None:
    assert [bytes_of(fetched(shop)) for _ in range(3)] == [DATA] * 3
    assert agents.calls == ["attachment"]
    agents.failing = lambda *_: Unreachable(WORDS)
    shop.restart()
    assert bytes_of(fetched(shop)) == DATA
    path = shop.profile / "cache" / "attachments" / SHA256
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_cannot_be_fetched_is_said(shop: Workshop, agents: LoopbackDesk) -> None:
    agents.failing = lambda *_: Unreachable(WORDS)
    assert fetched(shop) == EnclosureMissing(TICKET, SHA256, WORDS)
    agents.failing = lambda *_: None
    assert bytes_of(fetched(shop)) == DATA


@pytest.mark.parametrize("damage", ["altered", "cut", "link", "folder gone"])
def test_what_was_altered_or_deleted_is_fetched_again(shop: Workshop, agents: LoopbackDesk, damage: str) -> None:
    path = shop.profile / "cache" / "attachments" / SHA256
    fetched(shop)
    if damage == "folder gone":
        shutil.rmtree(path.parent)
    elif damage == "link":
        path.unlink()
        path.symlink_to("/etc/hostname")
    else:
        path.write_bytes(DATA[:3] if damage == "cut" else DATA.upper())
    assert bytes_of(fetched(shop)) == DATA
    assert not path.is_symlink()
    assert agents.calls == ["attachment", "attachment"]


def test_what_the_user_sent_is_shown_without_asking(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.report("printer jams", shot())
    shop.deliver()
    desk.failing = lambda *_: Unreachable(WORDS)
    sha256 = draft.pictures[0].sha256
    assert sha256
    assert digest(bytes_of(fetched(shop, sha256, draft.report_id))) == sha256


def test_a_disk_that_takes_nothing_is_said(shop: Workshop, agents: LoopbackDesk) -> None:
    (shop.profile / "cache").mkdir(parents=True)
    (shop.profile / "cache" / "attachments").write_text("a file in its place")
    event = fetched(shop)
    assert isinstance(event, EnclosureMissing)
    assert event.problem.code == "disk"


def test_what_was_looked_at_longest_ago_goes_first(tmp_path: Path, desk: LoopbackDesk) -> None:
    several = {digest(data): data for data in (bytes([number]) * 100 for number in range(5))}
    desk.blobs[TICKET] = several
    folder = tmp_path / "attachments"
    enclosures = Enclosures(
        folder=folder,
        sent=tmp_path,
        desk=lambda: desk,
        sign_in=lambda: None,
        lane=Inline(),
        on_event=lambda _event: None,
        most_bytes=300,
    )
    first, second, third, fourth, _fifth = several
    for age, each in enumerate((first, second, third)):
        enclosures.fetch(TICKET, each)
        os.utime(folder / each, (1000 + age, 1000 + age))
    enclosures.fetch(TICKET, first)  # looked at again
    enclosures.fetch(TICKET, fourth)
    assert {path.name for path in folder.iterdir()} == {first, third, fourth}
