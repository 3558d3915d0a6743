"""The desk's side of tickets without a browser: what the console's forms do, from another process than the server's."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests

from server_stub.life import Act
from server_stub.store.agents import Agents
from server_stub.store.clock import Clock
from server_stub.store.database import Database
from server_stub.store.handling import Handling, Words
from server_stub.store.journal import Journal
from server_stub.store.moves import Moves, Rules
from server_stub.store.silence import Silence
from tests.server.rig import Device, stored


@dataclass
class Desk:
    """Two agents and what they may do. `anna` and `bert` are their ids."""

    handling: Handling
    silence: Silence
    anna: int
    bert: int

    def say(self, ticket_id: str, act: Act, text: str = "Please have a look", by: int | None = None) -> None:
        self.handling.say(ticket_id, by or self.anna, act, Words(str(uuid.uuid4()), text))


@contextmanager
def desk(data: Path, clock: Clock) -> Iterator[Desk]:
    """A desk on the database of that folder."""
    with stored(data) as database:
        agents = Agents(database, clock)
        agents.add("bert", "Bert Wolf", "x")
        yield _desk(database, agents, clock)


def _desk(database: Database, agents: Agents, clock: Clock) -> Desk:
    journal = Journal(database, clock, ring=lambda _device_id: None)
    moves = Moves(Rules(timedelta(days=14), timedelta(days=7)))
    ids = [found.agent_id for login in ("anna", "bert") if (found := agents.login(login))]
    return Desk(Handling(journal, moves), Silence(database, journal, moves, clock), *ids)


def comment(report_id: str, text: str = "It happens again", **changes: Any) -> dict[str, Any]:
    """A comment as a client would send it."""
    made = {
        "format": 1, "id": str(uuid.uuid4()), "report_id": report_id, "created_at": "2026-11-23T10:00:00Z",
        "text": text, "language": "de", "attachments": [], "checksum": "x",
    }  # fmt: skip
    return {**made, **changes}


def operation(report_id: str, kind: str, text: str = "", **changes: Any) -> dict[str, Any]:
    """An operation as a client would send it."""
    made = {
        "format": 1, "id": str(uuid.uuid4()), "report_id": report_id, "created_at": "2026-11-23T10:00:00Z",
        "language": "de", "kind": kind, "text": text, "stars": None, "checksum": "x",
    }  # fmt: skip
    return {**made, **changes}


def send(device: Device, said: dict[str, Any], **path: str) -> requests.Response:
    """Put a comment or an operation where it belongs."""
    report_id, said_id = path.get("report_id", said["report_id"]), path.get("id", said["id"])
    kind = "operations" if "kind" in said else "comments"
    return device.put(f"/api/v1/tickets/{report_id}/{kind}/{said_id}", data=json.dumps(said))
