"""What devices are told of the desk, kept in memory until something of it changes."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass

from server_stub.api.door import Door
from server_stub.api.schema import rfc3339
from server_stub.categories import CATEGORIES
from server_stub.parts import Parts
from server_stub.store.devices import Credential, Device
from server_stub.words import Words

_DEVICES = 50_000
_NOTICES = 1_000


@dataclass(frozen=True, slots=True)
class Notice:
    """The body of an answer, and what it is known by."""

    raw: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class _Told:
    """Who was let in with which secret, and told what, when so many changes had been made."""

    revision: int
    secret_sha256: str
    notice: Notice


class Noticeboard:
    """Most polls end here, without a query: thousands of clients ask, and next to nothing changes.

    Whoever is not known here, or not with this secret, is looked up: nobody is refused out of memory.
    """

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door
        self._told: dict[tuple[str, str], _Told] = {}
        self._notices: dict[tuple[int, str, str | None, str], Notice] = {}

    def known(self, shown: Credential, accept_language: str) -> Notice | None:
        """What this device was told before, if that still holds; None where `read` must say. For the event loop."""
        told = self._told.get((shown.device_id, accept_language))
        if told is None or told.revision != self._parts.revision.now():
            return None
        return told.notice if hmac.compare_digest(told.secret_sha256, shown.secret_sha256) else None

    def read(self, shown: Credential, accept_language: str) -> Notice:
        """What this device is told now, from the database. Raises SignIn, Revoked."""
        # The number first: what changes after it was read makes what is kept under it too old.
        revision = self._parts.revision.ask()
        device = self._door.admit(shown)
        notice = self._notice(revision, device, self._parts.library.words(accept_language))
        if len(self._told) >= _DEVICES:
            self._told.clear()
        self._told[shown.device_id, accept_language] = _Told(revision, device.secret_sha256, notice)
        return notice

    def _notice(self, revision: int, device: Device, words: Words) -> Notice:
        key = revision, device.site_name, device.phone, words.language
        notice = self._notices.get(key)
        if notice is None:
            if len(self._notices) >= _NOTICES:
                self._notices.clear()
            notice = self._notices[key] = self._written(device, words)
        return notice

    def _written(self, device: Device, words: Words) -> Notice:
        body = {
            "site": {"name": device.site_name},
            "phone": device.phone,
            "on_duty": [{"name": name} for name in self._parts.agents.on_duty()],
            "first_answer_s": None,
            "categories": [{"id": key, "label": words.gettext(label)} for key, label in CATEGORIES.items()],
            "incidents": [
                {"id": each.id, "title": each.title, "text": each.text, "since": rfc3339(each.since)}
                for each in self._parts.incidents.current()
            ],
        }
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return Notice(raw, f'"{hashlib.sha256(raw).hexdigest()[:32]}"')
