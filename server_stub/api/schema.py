"""What the routes say of themselves in OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from server_stub.life import EventKind
from server_stub.manifest import EnrolmentBody, Manifest
from server_stub.said import Comment, Operation

_REF = "#/components/schemas/{model}"
_TICKET = "/api/v1/tickets/{report_id}"
_MEANING = {
    200: "As it is",
    201: "Made, and durable",
    304: "Not changed",
    400: "Not readable",
    401: "No credential that this server knows",
    403: "Shut out, or an unknown site key",
    404: "Absent or foreign, which look the same",
    409: "The id is enrolled with another secret",
    411: "Content-Length is missing",
    413: "Too large",
    415: "Not JSON, or compressed",
    422: "Not what the contract asks for",
    429: "Too many; Retry-After says when to come back",
    503: "Not now; Retry-After says when to come back",
    507: "The server’s disk is full",
}


class ErrorWords(BaseModel):
    """`code` is stable and for programs; `title` and `detail` are for people."""

    code: str
    title: str
    detail: str


class ErrorBody(BaseModel):
    """The one shape of every error."""

    error: ErrorWords


class SiteName(BaseModel):
    """A site."""

    name: str


class Enrolled(BaseModel):
    """The answer to an enrolment."""

    device_id: str
    site: SiteName


class TicketRef(BaseModel):
    """A ticket: `id` for programs, `number` for people."""

    id: str
    number: int
    status: str


class ReceiptBody(BaseModel):
    """The proof that the desk has a report; complete when `missing` is empty."""

    report_id: str
    manifest_sha256: str
    ticket: TicketRef
    missing: list[str]


class SaidReceiptBody(BaseModel):
    """The proof that the desk has a comment or an operation, with the ticket that goes on."""

    report_id: str
    id: str
    body_sha256: str
    ticket: TicketRef
    missing: list[str]


class Person(BaseModel):
    """An agent, by name."""

    name: str


class Author(BaseModel):
    """Who said or did something; `is_me` is the requester."""

    name: str
    is_me: bool


class AttachmentBody(BaseModel):
    """An attachment; `name` and `media_type` are what was claimed of it."""

    sha256: str
    bytes: int
    name: str
    media_type: str
    is_here: bool


class CommentBody(BaseModel):
    """A comment that the requester may read."""

    id: str
    at: datetime
    author: Author
    text: str
    is_thanks: bool
    attachments: list[AttachmentBody]


class EventBody(BaseModel):
    """Something that happened to the ticket; `by` is null where it happened by itself."""

    id: str
    at: datetime
    kind: EventKind
    by: Author | None
    text: str


class Rating(BaseModel):
    """What the requester thought of it."""

    stars: int
    text: str


class TicketLink(BaseModel):
    """Another ticket of one's own that this one continues, or that continues it."""

    id: str
    number: int


class TicketBody(BaseModel):
    """A ticket as its own device reads it."""

    id: str
    number: int
    status: str
    text: str
    category: str | None
    blocking: bool
    created_at: datetime
    updated_at: datetime
    agent: Person | None
    picked_up_at: datetime | None
    closes_at: datetime | None
    rating: Rating | None
    links: list[TicketLink]
    comments: list[CommentBody]
    events: list[EventBody]
    attachments: list[AttachmentBody]
    missing: list[str]


class ChangesBody(BaseModel):
    """Tickets that changed, and where to go on. `reset`: from the beginning; what is not told again is no more."""

    cursor: str
    more: bool
    reset: bool
    tickets: list[TicketBody]


class CategoryBody(BaseModel):
    """A category, with its label in the reader's language."""

    id: str
    label: str


class IncidentBody(BaseModel):
    """A known outage that goes on."""

    id: int
    title: str
    text: str
    since: datetime


class DeskBody(BaseModel):
    """What a client shows of the desk."""

    site: SiteName
    phone: str | None
    on_duty: list[Person]
    first_answer_s: int | None
    categories: list[CategoryBody]
    incidents: list[IncidentBody]


class HealthBody(BaseModel):
    """The server is up and its database answers."""

    status: str
    service: str


def rfc3339(at: datetime) -> str:
    """A time as the API writes it: ``2026-11-23T09:41:07Z``."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def answers(good: Mapping[int, type[BaseModel]], *bad: int) -> dict[int | str, dict[str, Any]]:
    """The answers of a route: bodies by status, then the statuses that carry the one error shape."""
    described: dict[int | str, dict[str, Any]] = {
        status: {"model": model, "description": _MEANING[status]} for status, model in good.items()
    }
    content = {"application/json": {"schema": {"$ref": _REF.format(model=ErrorBody.__name__)}}}
    for status in bad:
        described[status] = {"description": _MEANING[status], "content": content}
    return described


def json_body(model: type[BaseModel], *raw_types: str) -> dict[str, Any]:
    """A body that the route reads by itself, because it needs the bytes as they came; or bytes of `raw_types`."""
    content: dict[str, Any] = {"application/json": {"schema": {"$ref": _REF.format(model=model.__name__)}}}
    content |= {raw_type: {"schema": {"type": "string", "format": "binary"}} for raw_type in raw_types}
    return {"requestBody": {"required": True, "content": content}}


def raw_body() -> dict[str, Any]:
    """Raw bytes."""
    content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {"requestBody": {"required": True, "content": content}}


def bytes_of(*media_types: str) -> dict[str, Any]:
    """An answer of raw bytes, of one of these types."""
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {"description": _MEANING[200], "content": dict.fromkeys(media_types, schema)}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the bodies that routes read by themselves and the device's credential."""
    described = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    for model in (Manifest, EnrolmentBody, Comment, Operation, ErrorBody):
        shape = model.model_json_schema(ref_template=_REF)
        schemas.update(shape.pop("$defs", {}))
        schemas[model.__name__] = shape
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    described["components"]["securitySchemes"] = {
        "device": {"type": "http", "scheme": "bearer", "description": "<device_id>.<secret>, both made by the device"}
    }
    for path, methods in described["paths"].items():
        if path.startswith("/api/v1/"):
            for operation in methods.values():
                operation["security"] = [{"device": []}]
    _link_receipts(described["paths"])
    return described


def _link_receipts(paths: dict[str, Any]) -> None:
    """Say what a receipt leads to: the ticket, the attachments that are missing, and what may be said of it."""
    ticket, attachment = paths[_TICKET], paths[f"{_TICKET}/attachments/{{sha256}}"]
    own = {"report_id": "$request.path.report_id"}
    links = {
        "ticket": {"operationId": ticket["get"]["operationId"], "parameters": own},
        "missing": {
            "operationId": attachment["put"]["operationId"],
            "parameters": {**own, "sha256": "$response.body#/missing/0"},
        },
    }
    said = [paths[f"{_TICKET}/{kind}/{{said_id}}"]["put"] for kind in ("comments", "operations")]
    to_say = {each["operationId"]: {"operationId": each["operationId"], "parameters": own} for each in said}
    for operation in (ticket["put"], attachment["put"], *said):
        for status in ("200", "201"):
            operation["responses"][status]["links"] = {**links, **to_say}
