"""What was shown as saved, noted outside profile and server: append-only, on disk before the call returns."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Promise:
    """A report that was shown as saved, and what its user approved."""

    report_id: str
    text: str
    blobs: tuple[str, ...]  # SHA-256 of each attachment, in any order
    manifest_sha256: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A whole ledger: what was begun, and of that what was shown as saved."""

    begun: frozenset[str] = frozenset()
    saved: dict[str, Promise] = field(default_factory=dict)


class Ledger:
    """Several processes may write one ledger: each note is a single write at its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def begun(self, report_id: str) -> None:
        """Somebody began this report; it may come to the desk, or not."""
        self._note(event="begun", report_id=report_id)

    def saved(self, report_id: str, *, text: str, blobs: Iterable[str], manifest_sha256: str) -> None:
        """Somebody was told that this report is saved: it must come to the desk, once and whole."""
        self._note(event="saved", report_id=report_id, text=text, blobs=sorted(blobs), manifest_sha256=manifest_sha256)

    def close(self) -> None:
        os.close(self._handle)

    def _note(self, **line: object) -> None:
        os.write(self._handle, json.dumps(line).encode() + b"\n")
        os.fsync(self._handle)


def read(path: Path) -> Kept:
    """What stands in a ledger, which may not exist yet."""
    lines = [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []
    saved = {
        line["report_id"]: Promise(line["report_id"], line["text"], tuple(line["blobs"]), line["manifest_sha256"])
        for line in lines
        if line["event"] == "saved"
    }
    return Kept(frozenset(line["report_id"] for line in lines if line["event"] == "begun"), saved)
