"""A real server with thousands of devices and tickets, made in one transaction, and the programs that measure it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import requests
from sqlalchemy import func, insert, select, update

from server_stub.settings import Settings
from server_stub.store.clock import utc_now
from server_stub.store.database import Database
from server_stub.store.tables import counters, devices, manifests, sites, tickets
from tests.bench.load import manifest
from tests.faults.ground import NO_LIMITS
from tests.rigs.desk_server import LOGIN, PASSWORD, ROOT, DeskServer, free_port
from tests.rigs.processes import Processes
from tests.rigs.waiting import wait_until


class Premises:
    """`with Premises(folder) as premises`. `bearers` are the credentials of the devices so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bearers: list[str] = []
        self.server = DeskServer(folder, arguments=NO_LIMITS)
        self._processes = Processes(folder)
        self._chance = random.Random(7)

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._processes.close()
        self.server.__exit__(kind, error, trace)

    def enrol(self, until: int) -> Path:
        """So many devices altogether; a file with their credentials."""
        secrets = [self._chance.randbytes(32) for _ in range(until - len(self.bearers))]
        ids = [str(uuid.UUID(int=self._chance.getrandbits(128), version=4)) for _ in secrets]
        database = Database(Settings(self.server.data).database_url)
        with database.write() as connection:
            same = {
                "site_id": connection.execute(select(sites.c.id)).scalar_one(),
                "client": "deskbell 0", "address": "127.0.0.1", "enrolled_at": utc_now(),
            }  # fmt: skip
            rows = [
                {**same, "id": device_id, "secret_sha256": hashlib.sha256(secret).hexdigest()}
                for device_id, secret in zip(ids, secrets, strict=True)
            ]
            if rows:
                connection.execute(insert(devices), rows)
        database.close()
        self.bearers += [f"{name}.{_text(secret)}" for name, secret in zip(ids, secrets, strict=True)]
        path = self.folder / f"bearers-{until}"
        path.write_text("\n".join(self.bearers[:until]))
        return path

    def file_tickets(self, until: int) -> str:
        """So many tickets altogether, of the first device; the id of one of them."""
        database = Database(Settings(self.server.data).database_url)
        with database.write() as connection:
            have = connection.execute(select(func.count()).select_from(tickets)).scalar_one()
            ids = [str(uuid.UUID(int=self._chance.getrandbits(128), version=4)) for _ in range(until - have)]
            raw = manifest(str(uuid.uuid4()), "0" * 64)
            now = utc_now()
            row = {
                "device_id": self.bearers[0].partition(".")[0], "manifest_sha256": hashlib.sha256(raw).hexdigest(),
                "status": "new", "text": "Outlook asks again", "category": "app", "blocking": False,
                "requester_name": "Anna Kern", "host": "LAP-4F2", "pictures": 0, "created_at": now, "updated_at": now,
                "status_at": now,
            }  # fmt: skip
            if ids:
                numbered = enumerate(ids, 1001 + have)
                connection.execute(
                    insert(tickets),
                    [{**row, "id": name, "number": number, "changed": number} for number, name in numbered],
                )
                connection.execute(insert(manifests), [{"ticket_id": name, "body": raw} for name in ids])
            connection.execute(update(counters).where(counters.c.name == "ticket").values(value=1000 + until))
            one: str = connection.execute(select(tickets.c.id).limit(1)).scalar_one()
        database.close()
        return one

    def etag(self, bearer: str) -> str:
        """What the desk is known by."""
        answer = requests.get(f"{self.server.url}/api/v1/desk", headers=_as(bearer), timeout=20)
        answer.raise_for_status()
        return answer.headers["ETag"]

    def agent(self) -> requests.Session:
        """A browser in which an agent is logged in."""
        session = requests.Session()
        fields = {"login": LOGIN, "password": PASSWORD}
        session.post(
            f"{self.server.url}/console/login", data=fields, headers={"Origin": self.server.url}, timeout=20
        ).raise_for_status()
        return session

    def raw(self) -> str:
        """The address of an application that only answers 304."""
        probe_port = str(free_port())
        self._processes.start(
            "raw", [sys.executable, "-m", "tests.bench.raw_asgi", probe_port], {**os.environ, "PYTHONPATH": str(ROOT)}
        )
        url = f"http://127.0.0.1:{probe_port}"
        wait_until(lambda: _is_there(url), "the bare application to answer")
        return url

    def load(self, *arguments: object) -> dict[str, float]:
        """What `tests.bench.load` measures."""
        return dict(json.loads(_run([sys.executable, "-m", "tests.bench.load", *map(str, arguments)])))


def polled(url: str, bearers: Path, etag: str, connections: int, seconds: int) -> dict[str, float]:
    """Answers a second to clients that ask for news as fast as they are answered, by wrk, and their latencies."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "120s", "-s", str(POLLING), url]
    said = _run([*command, "--", str(bearers), etag])
    return dict(json.loads(said.strip().splitlines()[-1]))


POLLING = Path(__file__).with_name("polling.lua")


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def _as(bearer: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer}"}


def _text(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).decode().rstrip("=")


def _is_there(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 304
    except requests.ConnectionError:
        return False
