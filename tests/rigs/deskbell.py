"""The real server and the real client, started as people start them."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from server_stub.blobs import Blobs
from server_stub.settings import Settings
from tests.rigs.desk_server import DeskServer
from tests.rigs.screens import Colour
from tests.rigs.session import ROOT, Session
from tests.rigs.waiting import wait_until

ACCENT: Colour = (0x1F, 0x6F, 0xEB)  # the Send button in the light theme


@dataclass(frozen=True, slots=True)
class Filed:
    """A ticket as it lies at the server: the manifest's bytes as they came, and the attachments that are there."""

    number: int
    manifest_bytes: bytes = field(repr=False)
    attachments: dict[str, bytes] = field(repr=False)

    @property
    def manifest(self) -> dict[str, Any]:
        return json.loads(self.manifest_bytes)  # type: ignore[no-any-return]

    @property
    def report_id(self) -> str:
        return str(self.manifest["report_id"])

    @property
    def is_complete(self) -> bool:
        return all(each["sha256"] in self.attachments for each in self.manifest["attachments"])

    @property
    def facts(self) -> dict[str, str]:
        return {each["key"]: each["value"] for each in self.manifest["facts"]}

    def screenshots(self) -> dict[str, Image.Image]:
        """The pictures by their display's name, decoded from the stored bytes; each is what its digest says."""
        found = {}
        for each in self.manifest["attachments"]:
            if each["kind"] == "screenshot":
                stored = self.attachments[each["sha256"]]
                if hashlib.sha256(stored).hexdigest() != each["sha256"]:
                    raise AssertionError(f"{each['name']} was altered on the way")
                found[each["display"]["name"]] = Image.open(io.BytesIO(stored)).convert("RGB")
        return found


class Server(DeskServer):
    """The server on a virtual desktop: its programs end with the session."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.folder, processes=session.processes, python=session.python, env=session.env)
        self._session = session

    def set_up(self, *, phone: str = "5500", agent: str = "Anna Kern") -> None:
        super().set_up(phone=phone, agent=agent)
        self._session.hand_over(self.data)

    def filed(self) -> list[Filed]:
        """All tickets, the oldest first."""
        settings = Settings(self.data)
        blobs = Blobs(self.data)
        with sqlite3.connect(f"file:{settings.database_path}?mode=ro", uri=True) as database:
            rows = database.execute(
                "SELECT number, body FROM tickets JOIN manifests ON ticket_id = id ORDER BY number"
            ).fetchall()
        database.close()
        return [
            Filed(
                number,
                body,
                {
                    each["sha256"]: blobs.path(each["sha256"]).read_bytes()
                    for each in json.loads(body)["attachments"]
                    if blobs.has(each["sha256"], each["bytes"])
                },
            )
            for number, body in rows
        ]

    def wait_for_tickets(self, count: int, within_s: float = 20.0) -> list[Filed]:
        """The tickets, once there are so many and all their attachments have come."""

        def complete() -> list[Filed] | None:
            found = self.filed()
            return found if len(found) >= count and all(each.is_complete for each in found) else None

        return wait_until(complete, f"{count} complete tickets at the server", within_s) or []


class Client:
    """`python -m client` with a profile of its own in a session."""

    def __init__(self, session: Session, server: Server | None = None) -> None:
        self._session = session
        self.profile = session.folder / "profile"
        self.profile.mkdir(mode=0o700)
        if server:
            self.configure(server=server.url, site_key=server.site_key)
        session.hand_over(self.profile)
        self.variables: dict[str, str] = {}  # of the client alone, on top of the session's environment
        self._starts = 0

    def configure(self, **settings: str) -> None:
        """Writes the configuration."""
        (self.profile / "deskbell.json").write_text(json.dumps(settings))

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts the client; without arguments, the tray program (or a second start of it)."""
        self._starts += 1
        name = f"client-{self._starts}"
        return self._session.processes.start(name, self._command(arguments), self._env)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the command line, to its end."""
        return subprocess.run(
            self._command(arguments), env=self._env, capture_output=True, text=True, check=False, timeout=60
        )

    def has_heard_the_desk(self) -> bool:
        """Whether the next panel shows what the desk says of itself, such as its categories."""
        return (self.profile / "cache/desk.json").exists()

    def receipt(self, report_id: str) -> Path:
        """Where the proof of delivery of a report is."""
        return self.profile / "spool/sent" / report_id / "receipt.json"

    def waiting(self) -> list[str]:
        """The reports that are saved and not delivered."""
        outbox = self.profile / "spool/outbox"
        return sorted(path.parent.name for path in outbox.glob("*/manifest.json"))

    def log(self) -> str:
        """All that the started clients said, and what they wrote when something of theirs broke."""
        logs = [*sorted(self._session.folder.glob("logs/client-*.log")), *sorted(self.profile.glob("log/*"))]
        return "\n".join(path.read_text() for path in logs)

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        variables = [f"{name}={value}" for name, value in self.variables.items()]
        return ["env", *variables, self._session.python, "-m", "client", *arguments, "--profile", str(self.profile)]

    @property
    def _env(self) -> dict[str, str]:
        return self._session.env | {"PYTHONPATH": str(ROOT), "DESKBELL_LANGUAGE": "en"}
