"""Short-lived links to attachments. Who has the link may see the bytes; nobody else can make one."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from server_stub.store.clock import Clock

# A link stays the same for one such span, so that a browser can keep the picture, and lives at least as long.
SPAN_S = 600


class Form(StrEnum):
    """In which form an attachment is wanted."""

    ORIGINAL = "original"
    PICTURE = "picture"
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a link leads to: an attachment of a report, or of a comment where that is named."""

    ticket_id: str
    position: int
    form: Form
    comment_id: str = ""


class Links:
    """Signs and reads links with the data folder's key (HMAC-SHA-256)."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def token(self, wanted: Wanted) -> str:
        """A token that leads to `wanted` for ten to twenty minutes."""
        expires_s = (int(self._clock().timestamp()) // SPAN_S + 2) * SPAN_S
        payload = f"{wanted.ticket_id}:{wanted.comment_id}:{wanted.position}:{wanted.form}:{expires_s}".encode()
        return f"{_text(payload)}.{_text(self._seal(payload))}"

    def wanted(self, token: str) -> Wanted | None:
        """What a token leads to, or None where it is forged, damaged or too old."""
        head, _, seal = token.partition(".")
        try:
            payload, shown = _bytes(head), _bytes(seal)
        except ValueError:
            return None
        if not hmac.compare_digest(shown, self._seal(payload)):
            return None
        ticket_id, comment_id, position, form, expires_s = payload.decode().split(":")
        if datetime.fromtimestamp(int(expires_s), UTC) <= self._clock():
            return None
        return Wanted(ticket_id, int(position), Form(form), comment_id)

    def _seal(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, hashlib.sha256)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
