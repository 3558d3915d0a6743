"""Real servers on free ports, and devices and agents that talk to them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import requests
import uvicorn
from argon2 import PasswordHasher
from PIL import Image

from server_stub.app import create_app
from server_stub.commands import DATABASE
from server_stub.connections import Connection
from server_stub.settings import Settings
from server_stub.store import postgres
from server_stub.store.database import Database

REPOSITORY = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"
# Real argon2, at a price that a test can pay for each log-in.
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, 41, 7, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


def settings(data: Path, **limits: Any) -> Settings:
    """The settings of a server on this folder, and on the PostgreSQL database that the environment names, if any.

    Whatever changes is told at once, so that no test has to wait.
    """
    named = os.environ.get(DATABASE)
    return Settings(data, postgres.address(named) if named else None, fresh_s=0, **limits)


@contextmanager
def stored(data: Path) -> Iterator[Database]:
    """What `deskbell-server` keeps, read and changed from outside."""
    database = Database(settings(data).database_url)
    try:
        yield database
    finally:
        database.close()


def command(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``deskbell-server`` as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "server_stub", *arguments],
        cwd=REPOSITORY,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass
class Server:
    """A server that answers at `url`."""

    url: str
    site_key: str
    data: Path

    def device(self, enrol: bool = True) -> Device:
        device = Device(self)
        if enrol:
            answer = device.enrol()
            assert answer.status_code == 201, answer.text
        return device

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=20, **options)


@dataclass
class Device:
    """A client, reduced to its credential."""

    server: Server
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    secret: str = field(default_factory=lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("="))

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.id}.{self.secret}"}

    def enrol(self, site_key: str | None = None, **options: Any) -> requests.Response:
        body = {"site_key": site_key or self.server.site_key, "client": "deskbell 0"}
        return self.put(f"/api/v1/devices/{self.id}", data=json.dumps(body), **options)

    def put(self, path: str, **options: Any) -> requests.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return requests.put(self.server.url + path, headers=headers, timeout=60, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return requests.get(self.server.url + path, headers=headers, timeout=20, **options)

    def submit(self, manifest: dict[str, Any] | bytes, report_id: str | None = None) -> requests.Response:
        raw = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        if report_id is None:
            report_id = json.loads(raw)["report_id"]
        return self.put(f"/api/v1/tickets/{report_id}", data=raw)

    def upload(self, report_id: str, content: bytes, sha256: str | None = None) -> requests.Response:
        return self.put(f"/api/v1/tickets/{report_id}/attachments/{sha256 or digest(content)}", data=content)

    def read(self, report_id: str) -> requests.Response:
        return self.get(f"/api/v1/tickets/{report_id}")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def attachment(content: bytes, **changes: Any) -> dict[str, Any]:
    """How a manifest announces `content`."""
    display = {
        "name": "DP-1", "number": 1, "x": 0, "y": 0, "width": 3840, "height": 2160, "scale": 2.0, "primary": True,
    }  # fmt: skip
    described = {
        "sha256": digest(content),
        "bytes": len(content),
        "name": "display-1.png",
        "media_type": "image/png",
        "kind": "screenshot",
        "taken_at": "2026-11-23T09:41:07Z",
        "display": display,
    }
    return {**described, **changes}


def manifest(**changes: Any) -> dict[str, Any]:
    """A report as a client would send it."""
    made = {
        "format": 1,
        "report_id": str(uuid.uuid4()),
        "created_at": "2026-11-23T09:41:07Z",
        "text": "Outlook keeps asking for my password",
        "category": "signin",
        "blocking": False,
        "via": "panel",
        "language": "de",
        "client": "deskbell 0.1.0",
        "requester": {"name": "Anna Kern", "user": "CORP\\anna", "host": "LAP-4F2"},
        "facts": [{"key": "disk_free", "label": "Disk", "value": "3 GB free of 256 GB", "alarm": "low"}],
        "attachments": [],
    }
    return {**made, **changes}


def png(width: int = 64, height: int = 40, colour: str = "#2d5f9a", **options: Any) -> bytes:
    """A real picture."""
    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG", **options)
    return out.getvalue()


class Agent:
    """A browser, reduced to cookies and the headers that a browser sends."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.session = requests.Session()

    def address(self, path: str) -> str:
        return self._server.url + path

    def log_in(self, login: str = "anna", password: str = PASSWORD, **fields: str) -> requests.Response:
        return self.post("/console/login", {"login": login, "password": password, **fields})

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self._server.url + path, timeout=20, allow_redirects=False, **options)

    def post(
        self, path: str, fields: dict[str, str], headers: dict[str, str] | None = None, **options: Any
    ) -> requests.Response:
        headers = {"Origin": self._server.url} if headers is None else headers
        return self.session.post(
            self._server.url + path, data=fields, headers=headers, timeout=20, allow_redirects=False, **options
        )


class Threads:
    """Servers in threads of this process, for tests that move their clock or their limits.

    A server needs a fifth of a second to stop, asleep for most of it: nobody waits for that but `close`.
    """

    def __init__(self) -> None:
        self._stopping: list[threading.Thread] = []

    @contextmanager
    def serve(
        self, settings: Settings, site_key: str, clock: Callable[[], datetime], hasher: PasswordHasher = QUICK
    ) -> Iterator[Server]:
        """A server that answers, until the block ends."""
        # The protocol named, as the program does: asyncio sends small pieces at once on such sockets only.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        config = uvicorn.Config(
            create_app(settings, clock, hasher),
            log_config=None,
            access_log=False,
            proxy_headers=False,
            ws="none",
            http=Connection,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server")
        thread.start()
        try:
            yield Server(f"http://127.0.0.1:{listener.getsockname()[1]}", site_key, settings.data)
        finally:
            server.should_exit = True
            self._stopping.append(thread)

    def close(self) -> None:
        """Wait until all have stopped."""
        for thread in self._stopping:
            thread.join(20)
        assert not any(thread.is_alive() for thread in self._stopping)


class Process:
    """``deskbell-server run`` as a process of its own, for tests that kill it."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self.data = data
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None

    @property
    def is_started(self) -> bool:
        return self._process is not None

    def start(self) -> str:
        """Its address, as the one line on standard output says it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "server_stub", "run", "--data", str(self.data), "--port", "0", *self._arguments],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("deskbell-server: listening on "), line
        return line.split()[-1]

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate(timeout=20)

    def stop(self) -> tuple[int, str, str]:
        """Its exit code after SIGTERM, and the rest of what it said."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
        out, err = self._process.communicate(timeout=20)
        return self._process.returncode, out, err
