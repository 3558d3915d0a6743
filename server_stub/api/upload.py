"""One attachment on its way from a device to the disk."""

from __future__ import annotations

from dataclasses import dataclass

from server_stub.api.door import Door
from server_stub.blobs import Incoming
from server_stub.errors import DigestDiffers
from server_stub.parts import Parts
from server_stub.store.devices import Credential
from server_stub.store.tickets import Receipt


@dataclass(frozen=True, slots=True)
class Target:
    """What a device says that it uploads."""

    report_id: str
    sha256: str
    bytes: int


class Upload:
    """Takes the bytes of an attachment piece by piece. Every step waits for the disk or the database."""

    def __init__(self, parts: Parts, door: Door, shown: Credential, target: Target) -> None:
        self._parts = parts
        self._door = door
        self._shown = shown
        self._target = target
        self._missing_bytes = target.bytes
        self._incoming: Incoming | None = None

    def add(self, piece: bytearray) -> tuple[Receipt, bool] | None:
        """Take the next piece. With the last one everything is durable, and there is a receipt, and whether it is new.

        The first one asks the door, and may already find that nothing more is wanted.
        Raises SignIn, Revoked, NotFound, DigestDiffers, StorageFull.
        """
        if self._incoming is None:
            if not self._is_wanted():
                return self._parts.tickets.receipt(self._target.report_id), False
            self._incoming = self._parts.blobs.incoming()
        self._incoming.write(piece)
        self._missing_bytes -= len(piece)
        if self._missing_bytes > 0:
            return None
        self._incoming.keep(self._target.sha256)
        return self._parts.tickets.arrived(self._target.report_id, self._target.sha256), True

    def discard(self) -> None:
        """Leave nothing behind of an upload that did not come to its end."""
        if self._incoming is not None:
            self._incoming.discard()

    def _is_wanted(self) -> bool:
        parts = self._parts
        device = self._door.admit(self._shown)
        expected = parts.tickets.expected(device.id, self._target.report_id, self._target.sha256)
        if expected.is_gone or (expected.is_received and parts.blobs.has(self._target.sha256, expected.bytes)):
            return False
        if self._target.bytes != expected.bytes:
            raise DigestDiffers
        return True
