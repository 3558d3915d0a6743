"""The agent's pages for docs/pictures/: a real server, three tickets, and a browser without a window."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

from client.capture.encode import encode
from client.core import manifest
from client.core.models import Attachment, AttachmentKind, Requester, Shot
from client.core.models import Report as Manifest
from tests.rigs.desk_server import LOGIN, PASSWORD
from tests.rigs.deskbell import Server
from tests.rigs.session import Session
from tests.ui.fakes import FACTS

WIDTH, HEIGHT = 1100, 900
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


def photograph(session: Session, language: str, shots: Sequence[Shot], folder: Path) -> list[Path]:
    """Writes the queue's and a ticket's page to `folder`."""
    server = Server(session)
    server.set_up()
    server.start()
    try:
        device = _Device(server)
        tickets = [
            device.file(text, person, number, language, shots if number == len(PEOPLE) - 1 else shots[:1])
            for number, (text, person) in enumerate(zip(TEXTS[language], PEOPLE, strict=True))
        ]
        with _signed_in(server.url, language) as address:
            pages = {"agent-queue": "/", "agent-ticket": f"/console/tickets/{tickets[-1]}"}
            return [
                _photograph(session, address + path, folder / f"{name}-{language}.png") for name, path in pages.items()
            ]
    finally:
        server.stop()


@dataclass
class _Device:
    """A machine that files reports."""

    server: Server

    def __post_init__(self) -> None:
        self.id, secret = manifest.new_report_id(), secrets.token_urlsafe(32)
        self.headers = {"Authorization": f"Bearer {self.id}.{secret}"}
        body = {"site_key": self.server.site_key, "host": "LAP-4F2", "user": "lena", "client": "deskbell 0.1.0"}
        self._put(f"devices/{self.id}", json=body)

    def file(self, text: str, person: Requester, number: int, language: str, shots: Sequence[Shot]) -> str:
        """Files a report with pictures; its id."""
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
            facts=FACTS,
            attachments=attachments,
        )
        self._put(f"tickets/{report.report_id}", data=manifest.encode(report))
        for attachment, (_shot, picture) in zip(attachments, encoded, strict=True):
            self._put(f"tickets/{report.report_id}/attachments/{attachment.sha256}", data=picture.data)
        return report.report_id

    def _put(self, path: str, **body: object) -> None:
        answer = requests.put(f"{self.server.url}/api/v1/{path}", headers=self.headers, timeout=20, **body)  # type: ignore[arg-type]
        answer.raise_for_status()


@contextmanager
def _signed_in(url: str, language: str) -> Iterator[str]:
    """An address where the console is open without a log-in: a browser takes no cookie from the command line."""
    agent = requests.Session()
    agent.headers.update({"Accept-Language": language, "Origin": url, "Sec-Fetch-Site": "same-origin"})
    agent.post(f"{url}/console/login", data={"login": LOGIN, "password": PASSWORD}, timeout=20).raise_for_status()

    class Passing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = agent.get(url + self.path, timeout=20)  # follows redirects itself
            self.send_response(answer.status_code)
            for name in ("Content-Type", "Content-Security-Policy"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    passing = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
    threading.Thread(target=passing.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{passing.server_port}"
    finally:
        passing.shutdown()
        passing.server_close()


def _photograph(session: Session, address: str, path: Path) -> Path:
    program = browser()
    assert program is not None
    command = [
        program, "--headless", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=4000",
        f"--user-data-dir={session.folder / 'browser'}", f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={path}",
    ]  # fmt: skip
    if os.geteuid() == 0:
        command.append("--no-sandbox")  # root has none to give up
    subprocess.run([*command, address], env=session.env, check=True, timeout=60, capture_output=True)
    return path
