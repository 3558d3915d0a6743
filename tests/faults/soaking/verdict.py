"""What became of every report that was shown as saved, read at the server and on the clients' disks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from server_stub.blobs import Blobs
from tests.faults.soaking.telling import Ledger, Shown
from tests.rigs.desk_server import DeskServer


@dataclass(frozen=True, slots=True)
class Verdict:
    """`saved` were shown as saved, `delivered` of them are at the server exactly once and byte for byte."""

    saved: int
    delivered: int
    findings: tuple[str, ...]


def judge(ledger: Ledger, server: DeskServer, profiles: Sequence[Path]) -> Verdict:
    """To be asked when everything has healed and the outboxes are empty."""
    filed = {name: bytes(body) for name, body in server.rows("SELECT ticket_id, body FROM manifests")}
    numbers = server.rows("SELECT number FROM tickets")
    blobs = Blobs(server.data)
    findings, delivered = [], 0
    for report_id, shown in ledger.saved.items():
        wrong = list(_wrong(report_id, shown, filed.get(report_id), blobs, profiles))
        findings += [f"{shown.who}, {report_id}: {each}" for each in wrong]
        delivered += not wrong
    findings += [f"foreign: {each} is at the server and nobody has it" for each in filed if not _places(profiles, each)]
    findings += [f"shown as needing attention: {each} ({code})" for each, code in ledger.attention.items()]
    if len(set(numbers)) != len(numbers) or len(numbers) != len(filed):
        findings.append(f"{len(numbers)} tickets with {len(set(numbers))} numbers for {len(filed)} manifests")
    for profile in profiles:
        findings += list(_left_over(profile))
    return Verdict(len(ledger.saved), delivered, tuple(findings + ledger.crashes))


def _wrong(report_id: str, shown: Shown, filed: bytes | None, blobs: Blobs, profiles: Sequence[Path]) -> Iterator[str]:
    places = _places(profiles, report_id)
    if filed is None:
        yield f"lost; on disk in {places or 'no place'}"
        return
    body = json.loads(filed)
    if body["text"] != shown.text:
        yield f"approved {shown.text!r}, delivered {body['text']!r}"
    if {each["sha256"] for each in body["attachments"]} != set(shown.pictures):
        yield "other pictures than approved"
    for each in body["attachments"]:
        if not blobs.has(each["sha256"], each["bytes"]):
            yield f"the server lacks {each['sha256']}"
    if [place.parent.name for place in places] != ["sent"]:
        yield f"on disk in {places}"
    elif (places[0] / "manifest.json").read_bytes() != filed:
        yield "the manifest at the server is another than that on disk"
    elif not (places[0] / "receipt.json").exists():
        yield "no receipt"


def _places(profiles: Sequence[Path], report_id: str) -> list[Path]:
    return [each for profile in profiles for each in profile.glob(f"spool/*/{report_id}*") if each.is_dir()]


def _left_over(profile: Path) -> Iterator[str]:
    for place in ("outbox", "attention", "quarantine"):
        left = [each.name for each in profile.glob(f"spool/{place}/*")]
        if left:
            yield f"left in {place}: {left}"
    for path in (profile / "spool").rglob("*"):
        if path.stat().st_mode & 0o077:
            yield f"others may read {path}"
        if path.name.endswith(".new"):
            yield f"left over: {path}"
    for log in profile.glob("log/*"):
        if log.stat().st_size:
            yield f"a fault was written down: {log.read_text()[-2000:]}"
