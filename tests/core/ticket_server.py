"""A server that speaks of tickets, over real sockets: what docs/api.md says of comments, operations and changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from client.core.manifest import digest
from tests.core.answering import Answering, Asked, answering, http
from tests.core.ticket_bodies import ME, changes, comment, event, ticket

NOT_FOUND = http(404, json.dumps({"error": {"code": "not_found", "title": "Nothing is here"}}).encode())
AFTER = {"solved": ("closed", "closed"), "reopen": ("open", "reopened"), "rating": (None, "rated")}


@dataclass
class TicketServer:
    """`tickets` by their ids, as they are told; `others` does what an agent does."""

    url: str = ""
    tickets: dict[str, dict[str, Any]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    serial: int = 0
    continues_as: int | None = None  # the number of the ticket that goes on when one is opened again

    def change(self, ticket_id: str, **news: Any) -> None:
        self.serial += 1
        self.tickets[ticket_id] |= {**news, "changed": self.serial}

    def by_number(self, number: int) -> str:
        return next(each for each, body in self.tickets.items() if body["number"] == number)

    def answer(self, asked: Asked) -> bytes:
        path, query = urlsplit(asked.path).path, parse_qs(urlsplit(asked.path).query)
        match path.removeprefix("/api/v1/").split("/"):
            case ["devices", device_id]:
                return _json({"device_id": device_id})
            case ["changes"]:
                return self._changes(int(query.get("cursor", ["0"])[0]))
            case ["tickets", report_id]:
                return self._submit(report_id, asked.body)
            case ["tickets", report_id, "attachments", sha256] if report_id in self.tickets:
                self.blobs[sha256] = asked.body
                return _json(self._receipt(report_id, report_id, "manifest_sha256"))
            case ["tickets", report_id, "comments" | "operations" as road, said_id] if report_id in self.tickets:
                if self.bodies.setdefault(said_id, asked.body) == asked.body:
                    self._take(road, report_id, json.loads(asked.body))
                return _json({**self._receipt(report_id, said_id, "body_sha256"), "id": said_id})
            case _:
                return NOT_FOUND

    def _changes(self, cursor: int) -> bytes:
        fresh = [body for body in self.tickets.values() if body["changed"] > cursor]
        if not fresh and cursor:
            return http(304)
        return _json(changes(*fresh, cursor=str(self.serial), reset=not cursor))

    def _submit(self, report_id: str, body: bytes) -> bytes:
        if report_id not in self.tickets:
            number = 1001 + len(self.tickets)
            self.bodies[report_id] = body
            self.tickets[report_id] = ticket(report_id, number, text=json.loads(body)["text"])
            self.change(report_id)
        return _json(self._receipt(report_id, report_id, "manifest_sha256"))

    def _take(self, road: str, report_id: str, body: dict[str, Any]) -> None:
        known = self.tickets[report_id]
        if any(each["id"] == body["id"] for each in (*known["comments"], *known["events"])):
            return
        if road == "comments":
            parts = [
                {name: part[name] for name in ("sha256", "bytes", "name", "media_type")} | {"is_here": True}
                for part in body["attachments"]
            ]
            said = comment(body["id"], body["text"], author=ME, attachments=parts)
            self.change(report_id, comments=[*known["comments"], said])
        else:
            status, kind = AFTER[body["kind"]]
            did = event(body["id"], kind, by=ME, text=body["text"])
            self.change(report_id, status=status or known["status"], events=[*known["events"], did])

    def _receipt(self, report_id: str, said_id: str, digest_name: str) -> dict[str, Any]:
        body, known = self.bodies[said_id], self.tickets[report_id]
        wanted = json.loads(body).get("attachments", [])
        number = self.continues_as or known["number"]
        return {
            "report_id": report_id,
            digest_name: digest(body),
            "ticket": {"id": report_id, "number": number, "status": known["status"]},
            "missing": [part["sha256"] for part in wanted if part["sha256"] not in self.blobs],
        }


def _json(body: Any) -> bytes:
    return http(200, json.dumps(body).encode())


@contextmanager
def ticket_server() -> Iterator[TicketServer]:
    with answering() as told:
        server = TicketServer(told.url)
        _install(told, server)
        yield server


def _install(told: Answering, server: TicketServer) -> None:
    told.answer = server.answer
