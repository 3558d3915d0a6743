"""Reads forms that carry attachments (RFC 7578), whole and in memory: the caller has bounded their length."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from server_stub.errors import BadRequest

_BOUNDARY = re.compile(r'multipart/form-data\s*;\s*boundary="?([A-Za-z0-9\'()+_,./:=? -]{1,70})"?', re.IGNORECASE)
_NAME = re.compile(r'[;\s]name="([^"]*)"')
_FILE = re.compile(r'[;\s]filename="([^"]*)"')
_MOST_PARTS = 40


@dataclass(frozen=True, slots=True)
class Sent:
    """One attachment of a form: what the browser calls it, and its bytes."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """A form's fields, the last of each name, and the attachments that were chosen."""

    fields: dict[str, str]
    attachments: tuple[Sent, ...] = ()


def boundary(content_type: str) -> str | None:
    """What divides the parts, or None where the body is of another kind."""
    match = _BOUNDARY.match(content_type.strip())
    return match[1].strip() if match else None


def parse(raw: bytes, divider: str) -> Form:
    """The form in `raw`. Raises BadRequest."""
    line = b"\r\n--" + divider.encode("ascii")
    before, *parts = (b"\r\n" + raw).split(line)
    if before or not parts or len(parts) > _MOST_PARTS or not parts[-1].startswith(b"--"):
        raise BadRequest
    fields: dict[str, str] = {}
    attachments: list[Sent] = []
    for part in parts[:-1]:
        name, file_name, content = _part(part)
        if file_name is None:
            fields[name] = _text(content)
        elif file_name or content:
            attachments.append(Sent(file_name, content))
    return Form(fields, tuple(attachments))


def _part(part: bytes) -> tuple[str, str | None, bytes]:
    head, gap, content = part.partition(b"\r\n\r\n")
    if not gap:
        raise BadRequest
    for header in _text(head).split("\r\n"):
        title, _, value = header.partition(":")
        if title.strip().lower() == "content-disposition" and (name := _NAME.search(value)):
            file_name = _FILE.search(value)
            return name[1], file_name[1] if file_name else None, content
    raise BadRequest


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest from None
