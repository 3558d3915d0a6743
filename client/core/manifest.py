"""A report, or an operation, as the JSON that lies in the spool and travels to the desk (docs/api.md).

Its last member is a checksum of everything before it, so that a disk that alters a word the user wrote is noticed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from client.core.models import (
    Attachment,
    AttachmentKind,
    Content,
    Display,
    Fact,
    Operation,
    OperationKind,
    Report,
    Requester,
)

FORMAT = 1
MAX_BYTES = 256 * 1024
MAX_TEXT = 20_000  # characters of what the user writes
MAX_ATTACHMENTS = 40
_CHECKSUM = b',\n "checksum": "'
_END = b'"\n}'
_GLANCE = re.compile(rb'{\n "format": \d+,\n (?:"id": "[0-9a-f-]{36}",\n )?"report_id": "([0-9a-f-]{36})"')
GLANCE_BYTES = 200


def new_report_id() -> str:
    """An id that nobody else makes, for a report or an operation."""
    import uuid

    return str(uuid.uuid4())


def is_report_id(name: str) -> bool:
    """Whether `name` is a uuid in the one form that we write."""
    parts = name.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and set(name) <= set("0123456789abcdef-")


def digest(data: bytes) -> str:
    """SHA-256 as 64 hex digits."""
    import hashlib

    return hashlib.sha256(data).hexdigest()


def is_digest(name: object) -> bool:
    """Whether `name` is a SHA-256 in the form that `digest` gives."""
    return isinstance(name, str) and len(name) == 64 and set(name) <= set("0123456789abcdef")


def sealed(text: str) -> bytes:
    """A JSON object, written with an indent of 1, with a checksum of everything before it as its last member."""
    content = text.encode().removesuffix(b"\n}")
    return content + _CHECKSUM + digest(content).encode() + _END


def is_intact(data: bytes) -> bool:
    """Whether `data` is what `sealed` gave, byte for byte."""
    content, _, checksum = data.rpartition(_CHECKSUM)
    return checksum == digest(content).encode() + _END


def clean(text: str) -> str:
    """`text` without what JSON, databases and terminals cannot carry: NUL, other controls, lone surrogates."""
    kept = "".join(c for c in text if c in "\n\t" or not (ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0))
    return kept.encode("utf-8", "replace").decode("utf-8")


def _line(name: str) -> str:
    """A name of a length that every desk takes."""
    return clean(name)[:255]


def encode(content: Content) -> bytes:
    """The manifest of a report or an operation, in UTF-8. The same content gives the same bytes."""
    body = _report(content) if isinstance(content, Report) else _operation(content)
    return sealed(json.dumps(body, ensure_ascii=False, indent=1))


def decode(data: bytes) -> Content:
    """What a manifest says. Raises ValueError where it is not one, was altered, or is of a newer format."""
    body = json.loads(data)
    try:
        if body["format"] != FORMAT:
            raise ValueError(f"manifest of format {body['format']!r}, expected {FORMAT}")
        if not is_intact(data):
            raise ValueError("the manifest was altered after it was saved")
        if not is_report_id(body["report_id"]):
            raise ValueError("manifest without a report_id")
        return _read_operation(body) if "id" in body else _read_report(body)
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"not a manifest: {error!r}") from error


def glance(head: bytes) -> str | None:
    """The report whose ticket a manifest belongs to, by its first GLANCE_BYTES alone; None where they do not tell."""
    found = _GLANCE.match(head)
    return found[1].decode() if found else None


def _report(report: Report) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "report_id": report.report_id,
        "created_at": _time(report.created_at),
        "text": clean(report.text)[:MAX_TEXT],
        "category": clean(report.category)[:40] if report.category else None,
        "blocking": report.blocking,
        "via": report.via,
        "language": report.language,
        "client": report.client,
        "requester": {
            "name": _line(report.requester.name),
            "user": _line(report.requester.user),
            "host": _line(report.requester.host),
        },
        "facts": [
            {"key": f.key, "label": f.label, "value": clean(f.value)[:2000], "alarm": f.alarm} for f in report.facts
        ],
        "attachments": [_attachment(item) for item in report.attachments],
    }


def _read_report(body: Mapping[str, Any]) -> Report:
    return Report(
        report_id=body["report_id"],
        created_at=_read_time(body["created_at"]),
        text=body["text"],
        category=body["category"],
        blocking=body["blocking"],
        via=body["via"],
        language=body["language"],
        client=body["client"],
        requester=Requester(*(body["requester"][name] for name in ("name", "user", "host"))),
        facts=tuple(Fact(f["key"], f["label"], f["value"], f["alarm"]) for f in body["facts"]),
        attachments=tuple(_read_attachment(item) for item in body["attachments"]),
    )


def _operation(operation: Operation) -> dict[str, Any]:
    """A comment is told by its attachments, anything else by its kind: the desk has a road for each."""
    body: dict[str, Any] = {
        "format": FORMAT,
        "id": operation.id,
        "report_id": operation.report_id,
        "created_at": _time(operation.created_at),
        "language": operation.language,
        "text": clean(operation.text)[:MAX_TEXT],
    }
    if operation.kind is OperationKind.COMMENT:
        return body | {"attachments": [_attachment(item) for item in operation.attachments]}
    return body | {"kind": operation.kind.value, "stars": operation.stars}


def _read_operation(body: Mapping[str, Any]) -> Operation:
    if not is_report_id(body["id"]):
        raise ValueError("manifest without an id")
    return Operation(
        id=body["id"],
        report_id=body["report_id"],
        kind=OperationKind(body["kind"]) if "kind" in body else OperationKind.COMMENT,
        created_at=_read_time(body["created_at"]),
        language=body["language"],
        text=body["text"],
        stars=body.get("stars"),
        attachments=tuple(_read_attachment(item) for item in body.get("attachments", ())),
    )


def _attachment(item: Attachment) -> dict[str, Any]:
    display = item.display
    return {
        "sha256": item.sha256,
        "bytes": item.size_bytes,
        "name": _line(item.name),
        "media_type": item.media_type,
        "kind": item.kind.value,
        "taken_at": _time(item.taken_at) if item.taken_at else None,
        "display": {
            "name": _line(display.name),
            "number": display.number,
            "x": display.x,
            "y": display.y,
            "width": display.width,
            "height": display.height,
            "scale": display.scale,
            "primary": display.primary,
        }
        if display
        else None,
    }


def _read_attachment(body: Mapping[str, Any]) -> Attachment:
    sha256 = body["sha256"]
    if not is_digest(sha256):
        raise ValueError("attachment without a SHA-256")
    return Attachment(
        sha256=sha256,
        size_bytes=int(body["bytes"]),
        name=body["name"],
        media_type=body["media_type"],
        kind=AttachmentKind(body["kind"]),
        taken_at=_read_time(body["taken_at"]) if body["taken_at"] else None,
        display=read_display(body["display"]) if body["display"] else None,
    )


def read_display(body: Mapping[str, Any]) -> Display:
    """A display as it was written by this version or a newer one. Raises KeyError, TypeError."""
    return Display(**{each.name: body[each.name] for each in fields(Display)})


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _read_time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
