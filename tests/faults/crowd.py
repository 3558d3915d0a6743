"""Many clients in one process, with the real adapter: `python -m tests.faults.crowd SITE_KEY LEDGER URL …`.

Each makes a report, sends it, whole or in parts, to one of the servers, again and again until all of it is
acknowledged, and then the next one. SIGTERM: no more new reports. Notes in the ledger, a line of JSON each:

    begun and saved, as tests/faults/ledger.py has them · receipt (what a server acknowledged) · error (an answer that
    a client waits after) · refused (one that should never come)
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import random
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from client.core.desk import Credential
from client.core.errors import DeskError, NotOurServer, Rejected, SignInNeeded
from client.core.http import Http
from client.core.models import Attachment, AttachmentKind, Receipt
from client.desks.deskbell import DeskbellServer

SIZES = (0, 1, 700, 9_000, 60_000, 300_000)
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.02, 0.5  # a client of today waits for seconds: here the next server is there sooner
_LONGEST_S = 120.0
Made = TypeVar("Made")


class Notes:
    """Where everything is written that a client hears. Only servers are killed, so nothing needs to be synced."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def add(self, event: str, **line: object) -> None:
        """One line; safe from any thread."""
        os.write(self._handle, json.dumps({"event": event, **line}).encode() + b"\n")


@dataclass(frozen=True, slots=True)
class Report:
    """What a client sends."""

    report_id: str
    text: str
    manifest: bytes
    blobs: dict[str, bytes]


def report(chance: random.Random) -> Report:
    """A report with up to three attachments."""
    contents = [chance.randbytes(chance.choice(SIZES)) for _ in range(chance.choice((0, 1, 1, 2, 3)))]
    report_id, blobs = str(uuid.UUID(int=chance.getrandbits(128), version=4)), {digest(each): each for each in contents}
    described = [
        {"sha256": sha256, "bytes": len(data), "name": "a.bin", "media_type": "application/octet-stream",
         "kind": "file", "taken_at": None, "display": None}
        for sha256, data in blobs.items()
    ]  # fmt: skip
    body = {
        "format": 1, "report_id": report_id, "created_at": "2026-11-23T09:41:07Z", "text": f"Report {report_id}",
        "category": "app", "blocking": False, "via": "panel", "language": "en", "client": "deskbell 0.1.0",
        "requester": {"name": "Anna Kern", "user": "anna", "host": "LAP-4F2"}, "facts": [], "attachments": described,
    }  # fmt: skip
    return Report(report_id, str(body["text"]), json.dumps(body).encode(), blobs)


class Client:
    """One of them. `desks` are the ways to the servers, `credential` is its own."""

    def __init__(self, desks: Sequence[DeskbellServer], notes: Notes, chance: random.Random) -> None:
        self._desks = desks
        self._notes = notes
        self._chance = chance

    def run(self, enrol: Callable[[DeskbellServer], None], stop: threading.Event) -> None:
        """Reports until `stop`; the last one is seen through."""
        self._until_it_works(enrol)
        while not stop.is_set():
            self._send(report(self._chance))

    def _send(self, made: Report) -> None:
        self._notes.add("begun", report_id=made.report_id)
        self._notes.add(
            "saved", report_id=made.report_id, text=made.text, blobs=sorted(made.blobs),
            manifest_sha256=digest(made.manifest),
        )  # fmt: skip
        missing: Sequence[str] = (*made.blobs, "?")
        while missing:
            blobs = list(made.blobs.values()) if self._chance.random() < 0.5 else []
            receipt = self._until_it_works(partial(_submit, made=made, blobs=blobs))
            self._note(receipt)
            for sha256 in receipt.missing:
                receipt = self._until_it_works(partial(_attach, made=made, sha256=sha256))
                self._note(receipt)
            missing = receipt.missing

    def _note(self, receipt: Receipt) -> None:
        self._notes.add(
            "receipt", report_id=receipt.report_id, number=receipt.ticket_number,
            manifest_sha256=receipt.manifest_sha256, missing=list(receipt.missing),
        )  # fmt: skip

    def _until_it_works(self, call: Callable[[DeskbellServer], Made]) -> Made:
        give_up_s, pause_s = time.monotonic() + _LONGEST_S, _FIRST_PAUSE_S
        while True:
            try:
                return call(self._chance.choice(self._desks))
            except DeskError as error:
                is_refused = isinstance(error, (Rejected, SignInNeeded, NotOurServer))
                self._notes.add(
                    "refused" if is_refused else "error", kind=type(error).__name__, code=error.problem.code
                )
                if time.monotonic() > give_up_s:
                    raise
            time.sleep(pause_s * self._chance.uniform(0.75, 1.25))
            pause_s = min(pause_s * 2, _LAST_PAUSE_S)


def _submit(desk: DeskbellServer, made: Report, blobs: Sequence[bytes]) -> Receipt:
    return desk.submit(made.report_id, made.manifest, blobs)


def _attach(desk: DeskbellServer, made: Report, sha256: str) -> Receipt:
    data = made.blobs[sha256]
    return desk.attach(
        made.report_id, Attachment(sha256, len(data), "a.bin", "application/octet-stream", AttachmentKind.FILE), data
    )


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site_key")
    parser.add_argument("ledger", type=Path)
    parser.add_argument("urls", nargs="+")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    stop, notes, chance = threading.Event(), Notes(options.ledger), random.Random(options.seed)
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    ways = [Http(url, user_agent="deskbell/0", language="en", proxies=dict) for url in options.urls]
    failed: list[str] = []

    def live(seed: int) -> None:
        own = random.Random(seed)
        secret = base64.urlsafe_b64encode(own.randbytes(32)).decode().rstrip("=")
        me = Credential(str(uuid.UUID(int=own.getrandbits(128), version=4)), secret)
        desks = [DeskbellServer(way, lambda: me, "deskbell 0") for way in ways]
        try:
            Client(desks, notes, own).run(lambda desk: desk.enrol(me, options.site_key), stop)
        except Exception as error:
            failed.append(repr(error))
            notes.add("refused", kind=type(error).__name__, code=str(error))

    threads = [
        threading.Thread(target=live, args=(chance.getrandbits(60),), daemon=True) for _ in range(options.clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)
    notes.add("over", failed=failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
