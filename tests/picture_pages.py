"""The agent's pages for docs/pictures/: a real server, three tickets, and a browser without a window."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from client.capture.encode import encode
from client.core import manifest
from client.core.models import Attachment, AttachmentKind, Fact, Requester, Shot
from client.core.models import Report as Manifest
from tests.rigs.console import picture_of_page
from tests.rigs.deskbell import Server
from tests.rigs.session import Session

SIZE = (1100, 900)
TEXTS = {
    "en": ("The printer on floor 3 takes no jobs", "Second monitor flickers", "Outlook keeps asking for my password"),
    "de": ("Der Drucker im 3. Stock streikt", "Zweiter Bildschirm flackert", "Outlook fragt ständig nach dem Passwort"),
}  # fmt: skip
PEOPLE = (
    Requester("Mia Sommer", "CORP\\mia", "LAP-2B7"),
    Requester("Jonas Weber", "CORP\\jonas", "PC-031"),
    Requester("Lena Fuchs", "CORP\\lena", "LAP-4F2"),
)


def browser() -> str | None:
    """A Chromium, where one is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def photograph(
    session: Session, language: str, shots: Sequence[Shot], facts: Sequence[Fact], folder: Path
) -> list[Path]:
    """Writes the log-in page, the queue's and a ticket's page to `folder`."""
    program = browser()
    assert program is not None
    server = Server(session)
    server.set_up()
    server.start()
    device = _Device(server, tuple(facts))
    for number, (text, person) in enumerate(zip(TEXTS[language], PEOPLE, strict=True)):
        device.file(text, person, number, language, shots if number == len(PEOPLE) - 1 else shots[:1])
    _age(server)
    ticket = server.filed()[-1].report_id
    pages = {"agent-login": "/", "agent-queue": "/", "agent-ticket": f"/console/tickets/{ticket}"}
    paths = []
    for name, page in pages.items():
        path = folder / f"{name}-{language}.png"
        is_logged_in = name != "agent-login"
        picture_of_page(server, page, session, program, path, size=SIZE, language=language, is_logged_in=is_logged_in)
        paths.append(path)
    return paths


@dataclass
class _Device:
    """A machine that files reports."""

    server: Server
    facts: tuple[Fact, ...]

    def __post_init__(self) -> None:
        self.id, secret = manifest.new_report_id(), secrets.token_urlsafe(32)
        self.headers = {"Authorization": f"Bearer {self.id}.{secret}"}
        body = {"site_key": self.server.site_key, "host": "LAP-4F2", "user": "lena", "client": "deskbell 0.1.0"}
        self._put(f"devices/{self.id}", json=body)

    def file(self, text: str, person: Requester, number: int, language: str, shots: Sequence[Shot]) -> None:
        """Files a report with pictures."""
        encoded = [(shot, encode(shot)) for shot in shots]
        attachments = tuple(
            Attachment(
                hashlib.sha256(picture.data).hexdigest(), len(picture.data), f"display-{shot.display.number}.png",
                picture.media_type, AttachmentKind.SCREENSHOT, shot.taken_at, shot.display,
            )
            for shot, picture in encoded
        )  # fmt: skip
        report = Manifest(
            report_id=manifest.new_report_id(),
            created_at=datetime.now(UTC) - timedelta(minutes=40 - 15 * number),
            text=text,
            category=("printer", "other", "signin")[number],
            blocking=number == len(PEOPLE) - 1,
            via="panel",
            language=language,
            client="deskbell 0.1.0",
            requester=person,
            facts=self.facts,
            attachments=attachments,
        )
        self._put(f"tickets/{report.report_id}", data=manifest.encode(report))
        for attachment, (_shot, picture) in zip(attachments, encoded, strict=True):
            self._put(f"tickets/{report.report_id}/attachments/{attachment.sha256}", data=picture.data)

    def _put(self, path: str, **body: object) -> None:
        answer = requests.put(f"{self.server.url}/api/v1/{path}", headers=self.headers, timeout=20, **body)  # type: ignore[arg-type]
        answer.raise_for_status()


def _age(server: Server) -> None:
    """Make it look as if the reports had come one after the other, the last one four minutes ago."""
    with sqlite3.connect(server.data / "deskbell.sqlite3") as database:
        database.execute(
            "UPDATE tickets SET created_at = datetime(created_at, '-' || (4 + 17 * (1003 - number)) || ' minutes')"
        )
    database.close()
