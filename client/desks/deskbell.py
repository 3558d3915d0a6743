"""Deskbell's own server (docs/api.md)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from client.core import faults
from client.core.desk import Credential
from client.core.errors import NotOurServer
from client.core.http import Http
from client.core.models import Attachment, Category, DeskInfo, Incident, Receipt

_WHOLE_REPORT = "application/vnd.deskbell.report"  # the manifest, then its attachments, in one request


class DeskbellServer:
    """Stateless: credentials are asked for at each call."""

    def __init__(self, http: Http, credential: Callable[[], Credential], client: str) -> None:
        self._http = http
        self._credential = credential
        self._client = client

    def submit(self, report_id: str, manifest: bytes, blobs: Sequence[bytes] = ()) -> Receipt:
        path = f"/api/v1/tickets/{report_id}"
        if not blobs:
            return _receipt(self._http.put(path, manifest, bearer=self._bearer()).body)
        body = b"".join((manifest, *blobs))
        media_type = f"{_WHOLE_REPORT}; manifest={len(manifest)}"
        return _receipt(self._http.put(path, body, media_type=media_type, bearer=self._bearer()).body)

    def attach(self, report_id: str, attachment: Attachment, data: bytes) -> Receipt:
        path = f"/api/v1/tickets/{report_id}/attachments/{attachment.sha256}"
        return _receipt(self._http.put(path, data, media_type="application/octet-stream", bearer=self._bearer()).body)

    def info(self) -> DeskInfo:
        body = self._http.get("/api/v1/desk", bearer=self._bearer()).body
        try:
            return DeskInfo(
                name=str(body["site"]["name"]),
                phone=str(body["phone"]) if body["phone"] else None,
                on_duty=tuple(str(agent["name"]) for agent in body["on_duty"]),
                first_answer_s=body["first_answer_s"] if isinstance(body["first_answer_s"], int) else None,
                categories=tuple(Category(str(item["id"]), str(item["label"])) for item in body["categories"]),
                incidents=tuple(_incident(item) for item in body.get("incidents", ())),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _strange() from error

    def probe(self) -> datetime | None:
        answer = self._http.get("/healthz")
        if not isinstance(answer.body, dict) or answer.body.get("service") != "deskbell":
            raise _strange()
        try:
            told_at = parsedate_to_datetime(answer.date) if answer.date else None
        except ValueError:
            return None
        return told_at.replace(tzinfo=UTC) if told_at and told_at.tzinfo is None else told_at

    def enrol(self, credential: Credential, site_key: str) -> None:
        body = {"site_key": site_key, "client": self._client}
        answer = self._http.put(
            f"/api/v1/devices/{credential.device_id}", json.dumps(body).encode(), bearer=_bearer(credential)
        ).body
        if not isinstance(answer, dict) or answer.get("device_id") != credential.device_id:
            raise _strange()

    def _bearer(self) -> str:
        return _bearer(self._credential())


def _bearer(credential: Credential) -> str:
    return f"{credential.device_id}.{credential.secret}"


def _receipt(body: Any) -> Receipt:
    try:
        return Receipt(
            report_id=str(body["report_id"]),
            manifest_sha256=str(body["manifest_sha256"]),
            ticket_id=str(body["ticket"]["id"]),
            ticket_number=int(body["ticket"]["number"]),
            status=str(body["ticket"]["status"]),
            missing=tuple(str(sha256) for sha256 in body["missing"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _strange() from error


def _strange() -> NotOurServer:
    return NotOurServer(faults.stranger())


def _incident(item: dict[str, object]) -> Incident:
    return Incident(int(str(item["id"])), str(item["title"]), str(item["text"]), str(item["since"]))
