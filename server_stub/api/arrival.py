"""A report that comes whole, in one request: its manifest, then the bytes of its attachments."""

from __future__ import annotations

from collections.abc import Callable

from server_stub.api.door import Door
from server_stub.blobs import Incoming
from server_stub.manifest import Manifest
from server_stub.parts import Parts
from server_stub.store.devices import Credential
from server_stub.store.tickets import Receipt


class Arrival:
    """Makes the ticket first, so that it stands whatever becomes of the rest. Every step waits for the disk."""

    def __init__(self, parts: Parts, door: Door, shown: Credential, report_id: str) -> None:
        self._parts = parts
        self._door = door
        self._shown = shown
        self._report_id = report_id
        self._is_new = False
        self._missing: frozenset[str] = frozenset()
        self._incoming: dict[str, Incoming] = {}
        self._kept: list[str] = []

    def begin(self, understood: Callable[[], Manifest], raw: bytes) -> Manifest:
        """Make the ticket of `raw`, or find it; durable on return. The door is asked before anything is understood.

        Raises SignIn, Revoked, ReportDiffers, NotFound, TooManyReports, and what `understood` raises.
        """
        device = self._door.admit(self._shown)
        manifest = understood()
        receipt, self._is_new = self._parts.tickets.submit(device.id, manifest, raw)
        self._missing = frozenset(receipt.missing)
        return manifest

    def is_missing(self, sha256: str) -> bool:
        """Whether the desk still wants these bytes."""
        return sha256 in self._missing

    def add(self, sha256: str, piece: bytearray, *, is_last: bool) -> None:
        """Take the next bytes of an attachment; with the last ones it is durable. Raises DigestDiffers, StorageFull."""
        incoming = self._incoming.setdefault(sha256, self._parts.blobs.incoming())
        incoming.write(piece)
        if is_last:
            incoming.keep(sha256)
            self._kept.append(sha256)

    def end(self) -> tuple[Receipt, bool]:
        """Note what has come; the receipt, durable, and whether the ticket is new."""
        return self._parts.tickets.arrived(self._report_id, *self._kept), self._is_new

    def discard(self) -> None:
        """Leave nothing behind of an attachment that did not come to its end."""
        for incoming in self._incoming.values():
            incoming.discard()
