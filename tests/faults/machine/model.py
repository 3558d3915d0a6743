"""What was promised, noted outside of client and server, and what must hold after every step."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from client.core import manifest
from tests.faults.machine.desk import Filed
from tests.faults.profile import PLACES

KEPT = ("outbox", "attention", "quarantine", "sent")


@dataclass(frozen=True, slots=True)
class Approval:
    """What a user saw when Send was pressed: the words, and the SHA-256 of each attachment that was ticked."""

    text: str
    blobs: frozenset[str]


@dataclass
class Model:
    """`pressed`: Send was pressed with that. `saved`: it was shown as saved."""

    pressed: dict[str, list[Approval]] = field(default_factory=dict)
    saved: dict[str, Approval] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)  # by us, on the client's disk
    complete: set[str] = field(default_factory=set)  # was whole at the server, once
    rolled_back: set[str] = field(default_factory=set)  # was at the server before a backup was put in its place
    _right: set[Filed] = field(default_factory=set)

    def note(self, filed: Mapping[str, Filed]) -> None:
        """What the server has now."""
        self.complete |= {each.report_id for each in filed.values() if each.is_complete}

    def wrong(self, filed: Mapping[str, Filed], profiles: tuple[Path, ...]) -> Iterator[str]:
        """Each promise that is broken now."""
        self.note(filed)
        for ticket in filed.values():
            if ticket not in self._right:
                yield from self._wrong_ticket(ticket)
                self._right.add(ticket)
        for text, count in Counter(each.text for each in filed.values()).items():
            if count > 1 and text:
                yield f"doubled: {count} tickets say {text!r}"  # I3
        where = places(profiles)
        for report_id, found in where.items():
            yield from self._wrong_place(report_id, found, filed.get(report_id))
        for report_id in self.saved:
            if report_id not in where:
                yield f"lost: {report_id} was shown as saved and is nowhere on the disk"  # I2

    def _wrong_ticket(self, ticket: Filed) -> Iterator[str]:
        approvals = self.pressed.get(ticket.report_id, [])
        delivered = Approval(ticket.text, ticket.blobs)
        if not approvals:
            yield f"sent before Send: {ticket.report_id}"  # I17
        elif delivered not in approvals:
            yield f"altered: {delivered} was delivered, approved were {approvals}"  # I4
        saved = self.saved.get(ticket.report_id)
        if saved and saved != delivered:
            yield f"altered: {delivered} was delivered, {saved} was shown as saved"

    def _wrong_place(self, report_id: str, found: list[Path], ticket: Filed | None) -> Iterator[str]:
        saved = self.saved.get(report_id)
        kept = [path for path in found if path.parent.name in KEPT]
        if saved and len(kept) != len(found):
            yield f"{report_id} was shown as saved and is a draft: {[str(each) for each in found]}"
        if len(kept) > 1:
            yield f"{report_id} is in several places: {[str(each) for each in found]}"
        for path in kept:
            if path.parent.name in ("outbox", "attention") and path.name != report_id:
                yield f"{path.name} in {path.parent.name}/ is shown to nobody"
            if path.parent.name == "sent":
                yield from self._wrong_receipt(report_id, path, ticket)
            elif saved and report_id not in self.damaged and not _is_whole(path, saved):
                yield f"{report_id} was shown as saved and is not whole in {path.parent.name}/"  # I1
            if path.parent.name == "quarantine" and report_id not in self.damaged:
                yield f"{report_id} was put into quarantine, and nobody had damaged it"

    def _wrong_receipt(self, report_id: str, path: Path, ticket: Filed | None) -> Iterator[str]:
        """I5: what lies in sent/ is at the server, or was, and a receipt says so."""
        if report_id not in self.complete:
            yield f"{report_id} lies in sent/ and was never whole at the server"
        try:
            receipt = json.loads((path / "receipt.json").read_bytes())
        except (OSError, ValueError):
            yield f"{report_id} lies in sent/ without a receipt"
            return
        digest = manifest.digest((path / "manifest.json").read_bytes())
        if (receipt["report_id"], receipt["manifest_sha256"], receipt["missing"]) != (report_id, digest, []):
            yield f"the receipt of {report_id} is another's: {receipt}"
        if report_id not in self.rolled_back and (ticket is None or ticket.number != receipt["ticket_number"]):
            yield f"{report_id} lies in sent/ as ticket {receipt['ticket_number']}, at the server is {ticket}"

    def undelivered(self, filed: Mapping[str, Filed], profiles: tuple[Path, ...]) -> Iterator[str]:
        """What is not where it belongs although everything has healed and time has passed."""
        where = places(profiles)
        for report_id, found in where.items():
            place = found[0].parent.name
            ticket = filed.get(report_id)
            if place == "outbox":
                yield f"{report_id} waits still"
            elif place in ("attention", "quarantine") and report_id not in self.damaged:
                yield f"{report_id} needs attention still, and nothing is wrong with it"
            elif place == "sent" and report_id not in self.rolled_back and not (ticket and ticket.is_complete):
                yield f"{report_id} lies in sent/ and is not whole at the server"


def places(profiles: tuple[Path, ...]) -> dict[str, list[Path]]:
    """Where each report lies, by its id: more than one place is one too many."""
    found: dict[str, list[Path]] = {}
    for profile in profiles:
        for place in PLACES:
            folder = profile / "spool" / place
            for path in folder.iterdir() if folder.exists() else ():
                if manifest.is_report_id(path.name[:36]) and path.is_dir() and not path.is_symlink():
                    found.setdefault(path.name[:36], []).append(path)
    return found


def _is_whole(folder: Path, saved: Approval) -> bool:
    try:
        report = manifest.decode((folder / "manifest.json").read_bytes())
        blobs = {each.sha256 for each in report.attachments}
        digests = {manifest.digest((folder / each).read_bytes()) for each in blobs}
    except (OSError, ValueError):
        return False
    return Approval(report.text, frozenset(blobs)) == saved and digests == blobs
