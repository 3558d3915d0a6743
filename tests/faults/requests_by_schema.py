"""What a schema cannot say of our requests, said to Schemathesis: who asks, and which parts must agree."""

from __future__ import annotations

import random
import re
import uuid
from typing import Any

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.openapi.loaders import from_url
from schemathesis.schemas import BaseSchema

from server_stub.manifest import UUID4
from tests.server.rig import Device, digest, png

# Refusals that depend on what is at the server already, or on its limits: no schema could foretell them.
OF_STATE = ("report_differs", "sent_differs", "digest_differs", "too_large")
PICTURES = {digest(content): content for content in (b"", b"\x00", b"words", png(), png(colour="#aa3300"))}
_FIRST = "00000000-0000-4000-8000-000000000000"  # many a made request has it: with it nothing new would be made
_ENROL = "/api/v1/devices/{device_id}"
_SUBMIT = "/api/v1/tickets/{report_id}"
_SAY = ("/api/v1/tickets/{report_id}/comments/{said_id}", "/api/v1/tickets/{report_id}/operations/{said_id}")
_CHANGES = "/api/v1/changes"
_UPLOAD = "/api/v1/tickets/{report_id}/attachments/{sha256}"


def described(device: Device, config: schemathesis.Config) -> BaseSchema:
    """The server's own OpenAPI document, with requests that come from `device`."""
    schema = from_url(f"{device.server.url}/api/openapi.json", config=config, wait_for_schema=10)

    @schema.auth(refresh_interval=None)
    class Enrolled:
        """`device`, but a new one where one enrols."""

        def get(self, case: schemathesis.Case, _context: schemathesis.AuthContext) -> str:
            claimed = str((case.path_parameters or {}).get("device_id", ""))
            enrols = case.operation.path == _ENROL and re.fullmatch(UUID4, claimed)
            return f"Bearer {claimed if enrols else device.id}.{device.secret}"

        def set(self, case: schemathesis.Case, data: str, _context: schemathesis.AuthContext) -> None:
            case.headers = {**(case.headers or {}), "Authorization": data}

    @schema.hook
    def map_case(_context: schemathesis.HookContext, case: schemathesis.Case) -> schemathesis.Case:
        """Make what is meant to be right agree with itself, so that it gets past the first refusal; nobody waits."""
        if case.operation.path == _CHANGES and str((case.query or {}).get("wait", "")).isdigit():
            case.query = {**case.query, "wait": 0} if int(case.query["wait"]) <= 55 else case.query
        if case.meta is not None and case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE:
            _agree(case, device.server.site_key)
        return case

    @schema.hook
    def filter_failure(
        _context: schemathesis.HookContext, failure: Failure, _case: schemathesis.Case, response: schemathesis.Response
    ) -> bool:
        """Whether a failure is one."""
        return "Schema-valid" not in failure.title or _code(response) not in OF_STATE

    return schema


def _agree(case: schemathesis.Case, site_key: str) -> None:
    body: Any = case.body
    parameters = case.path_parameters or {}
    if case.operation.path == _UPLOAD and parameters.get("sha256") in PICTURES:
        case.body = PICTURES[parameters["sha256"]]
    elif case.operation.path == _ENROL and isinstance(body, dict):
        body["site_key"] = site_key
    elif case.operation.path in _SAY and isinstance(body, dict):
        body |= {"report_id": parameters["report_id"], "id": parameters["said_id"]}
        if "attachments" in body:
            _announce(body["attachments"])
            body["text"] = body["text"].strip() or "words"
        elif body["kind"] == "rating":
            body["stars"] = body.get("stars") or 5
    elif case.operation.path == _SUBMIT and isinstance(body, dict):
        if parameters["report_id"] == _FIRST:
            chance = random.Random(repr(body))
            parameters["report_id"] = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        body["report_id"] = parameters["report_id"]
        _announce(body["attachments"])


def _announce(attachments: list[Any]) -> None:
    for part, (sha256, content) in zip(attachments, PICTURES.items(), strict=False):
        part.update(sha256=sha256, bytes=len(content))
    del attachments[len(PICTURES) :]


def _code(response: schemathesis.Response) -> str:
    try:
        return str(response.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""
