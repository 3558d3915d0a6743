"""The checker finds what is broken: each test breaks one thing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, update

from client.core.manifest import digest, new_report_id
from server_stub.blobs import Blobs
from server_stub.store import tables
from tests.faults.checker import Store, check
from tests.faults.ledger import Kept, Ledger, read

NOW = datetime(2026, 11, 23, 9, 41, tzinfo=UTC)
PICTURE = b"\x89PNG and so on"


class Delivered:
    """A report that was saved, delivered and kept at all four places, as it should be."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.of(folder / "server")
        self.profile = folder / "profile"
        self.ledger = Ledger(folder / "ledger")
        Blobs(self.store.data).start()
        self.database = create_engine(self.store.database_url)
        tables.metadata.create_all(self.database)
        with self.database.begin() as connection:
            connection.execute(insert(tables.sites).values(id=1, name="s", site_key="k", created_at=NOW))
            connection.execute(
                insert(tables.devices).values(
                    id="d", secret_sha256="", site_id=1, client="", address="", enrolled_at=NOW
                )
            )
        self.report_id = self.add_ticket(1, "printer jams")
        self.ledger.begun(self.report_id)
        self.ledger.saved(
            self.report_id, text="printer jams", blobs=[digest(PICTURE)], manifest_sha256=digest(self.manifest)
        )
        Blobs(self.store.data).path(digest(PICTURE)).write_bytes(PICTURE)
        self.sent = self.profile / "spool/sent" / self.report_id
        self.sent.mkdir(parents=True)
        receipt = {"manifest_sha256": digest(self.manifest), "ticket_number": 1, "missing": []}
        (self.sent / "receipt.json").write_text(json.dumps(receipt))
        (self.sent / "manifest.json").write_bytes(self.manifest)
        (self.sent / digest(PICTURE)).write_bytes(PICTURE)
        self.make_private()

    def add_ticket(self, number: int, text: str) -> str:
        report_id = new_report_id()
        attachment = {"sha256": digest(PICTURE), "bytes": len(PICTURE), "name": "display-1.png"}
        self.manifest = json.dumps({"report_id": report_id, "text": text, "attachments": [attachment]}).encode()
        with self.database.begin() as connection:
            connection.execute(
                insert(tables.tickets).values(
                    id=report_id,
                    number=number,
                    device_id="d",
                    manifest_sha256=digest(self.manifest),
                    status="new",
                    text=text,
                    blocking=False,
                    requester_name="",
                    host="",
                    pictures=1,
                    changed=number,
                    status_at=NOW,
                    created_at=NOW,
                    updated_at=NOW,
                )
            )
            connection.execute(insert(tables.manifests).values(ticket_id=report_id, body=self.manifest))
            connection.execute(
                insert(tables.attachments).values(
                    ticket_id=report_id, position=0, sha256=digest(PICTURE), bytes=len(PICTURE), received_at=NOW
                )
            )
        return report_id

    def make_private(self) -> None:
        for path in (self.profile, *self.profile.rglob("*")):
            path.chmod(0o700 if path.is_dir() else 0o600)

    def check(self, kept: Kept | None = None) -> dict[str, int]:
        """How many findings of each kind."""
        found = check(kept or read(self.ledger.path), self.store, [self.profile]).findings
        kinds = [each.partition(":")[0] for each in found]
        return {kind: kinds.count(kind) for kind in kinds}


@pytest.fixture
def delivered(tmp_path: Path) -> Iterator[Delivered]:
    report = Delivered(tmp_path)
    yield report
    report.database.dispose()


def test_what_is_as_it_should_be_is_not_found(delivered: Delivered) -> None:
    assert delivered.check() == {}


def test_a_lost_report(delivered: Delivered) -> None:
    lost = new_report_id()
    delivered.ledger.begun(lost)
    delivered.ledger.saved(lost, text="gone", blobs=[], manifest_sha256="0" * 64)
    assert delivered.check() == {"lost": 1}


def test_a_report_that_still_waits(delivered: Delivered) -> None:
    waits = new_report_id()
    delivered.ledger.begun(waits)
    delivered.ledger.saved(waits, text="not yet", blobs=[], manifest_sha256="0" * 64)
    (delivered.profile / "spool/attention" / waits).mkdir(parents=True)
    delivered.make_private()
    assert delivered.check() == {"waiting": 1}


def test_a_report_under_two_ids(delivered: Delivered) -> None:
    delivered.ledger.begun(delivered.add_ticket(2, "printer jams"))
    assert delivered.check() == {"doubled": 2}  # each of the two is one


def test_a_ticket_that_nobody_made(delivered: Delivered) -> None:
    delivered.add_ticket(2, "who was that?")
    assert delivered.check() == {"foreign": 1}


@pytest.mark.parametrize("change", [{"text": "another text"}, {"blobs": ()}, {"manifest_sha256": "0" * 64}])
def test_a_ticket_that_says_something_else(delivered: Delivered, change: dict[str, object]) -> None:
    kept = read(delivered.ledger.path)
    promise = replace(kept.saved[delivered.report_id], **change)
    assert delivered.check(Kept(kept.begun, {delivered.report_id: promise})) == {"damaged": 1}


@pytest.mark.parametrize("data", [b"", PICTURE[:-1], PICTURE[:-1] + b"?", None])
def test_an_attachment_that_is_not_what_it_was(delivered: Delivered, data: bytes | None) -> None:
    path = Blobs(delivered.store.data).path(digest(PICTURE))
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    assert delivered.check() == {"damaged": 1}


def test_an_attachment_that_never_came(delivered: Delivered) -> None:
    with delivered.database.begin() as connection:
        connection.execute(update(tables.attachments).values(received_at=None))
    assert delivered.check() == {"damaged": 1, "unproven": 1}


def test_a_manifest_that_is_not_the_one_of_its_row(delivered: Delivered) -> None:
    with delivered.database.begin() as connection:
        connection.execute(update(tables.manifests).values(body=delivered.manifest + b" "))
    assert delivered.check() == {"damaged": 2}  # not what the row says, and not what was saved


@pytest.mark.parametrize("receipt", [None, {"manifest_sha256": "0" * 64}, {"ticket_number": 2}, {"missing": ["x"]}])
def test_a_receipt_that_proves_nothing(delivered: Delivered, receipt: dict[str, object] | None) -> None:
    path = delivered.sent / "receipt.json"
    true = json.loads(path.read_bytes())
    path.unlink()
    if receipt:
        path.write_text(json.dumps(true | receipt))
    delivered.make_private()
    assert delivered.check() == {"unproven": 1}


@pytest.mark.parametrize(
    "name",
    [
        "identity.json.7.new",
        "spool/locks/00000000-0000-4000-8000-000000000000",
        "spool/outbox/00000000-0000-4000-8000-000000000000",
        "spool/quarantine/what",
        "spool/tmp",
    ],
)
def test_what_nobody_needs(delivered: Delivered, name: str) -> None:
    path = delivered.profile / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    delivered.make_private()
    assert delivered.check() == {"left over": 1}


def test_a_draft_beside_the_report_that_came_of_it(delivered: Delivered) -> None:
    (delivered.sent / "draft.json").touch()
    (delivered.profile / "spool/drafts" / delivered.report_id).mkdir(parents=True)
    delivered.make_private()
    assert delivered.check() == {"left over": 2}


def test_what_others_may_read(delivered: Delivered) -> None:
    (delivered.sent / "manifest.json").chmod(0o644)
    delivered.sent.chmod(0o755)
    assert delivered.check() == {"open modes": 2}
