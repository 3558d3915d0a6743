"""Attachments of tickets, fetched when somebody looks at them and kept for the next time. They may be deleted."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from client.core import faults
from client.core.desk import Desk
from client.core.durable import drop_abandoned, make_private_dir, replace
from client.core.entry import Damaged, read
from client.core.errors import DeskError
from client.core.events import EnclosureMissing, EnclosureReady, Listener
from client.core.lane import Jobs
from client.core.manifest import digest
from client.core.signing_in import signed_in

MOST_BYTES = 200 * 1024 * 1024  # of all that are kept; the one looked at longest ago goes first
_LARGEST = 64 * 1024 * 1024


class Enclosures:
    """`sent` is the spool's folder of what was delivered: what the user attached lies there for some days."""

    def __init__(
        self,
        *,
        folder: Path,
        sent: Path,
        desk: Callable[[], Desk],
        sign_in: Callable[[], None],
        lane: Jobs,
        on_event: Listener,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._folder = folder
        self._sent = sent
        self._desk = desk
        self._sign_in = sign_in
        self._lane = lane
        self._on_event = on_event
        self._most_bytes = most_bytes

    def fetch(self, ticket_id: str, sha256: str) -> None:
        """Get an attachment of a ticket; EnclosureReady or EnclosureMissing follows."""
        self._lane.put(lambda: self._fetch(ticket_id, sha256), key=f"enclosure.{sha256}")

    def _fetch(self, ticket_id: str, sha256: str) -> None:
        try:
            path = self._here(self._folder / sha256) or self._here(self._sent / ticket_id / sha256)
            if path is None:
                path = self._keep(sha256, signed_in(lambda: self._desk().attachment(ticket_id, sha256), self._sign_in))
        except DeskError as error:
            self._on_event(EnclosureMissing(ticket_id, sha256, error.problem))
        except OSError as error:
            self._on_event(EnclosureMissing(ticket_id, sha256, faults.local_trouble(error)))
        else:
            self._on_event(EnclosureReady(ticket_id, sha256, path))

    def _here(self, path: Path) -> Path | None:
        """The path, where it holds the very bytes that it is named after."""
        with suppress(OSError, Damaged):
            if digest(read(path, _LARGEST)) == path.name:
                with suppress(OSError):
                    os.utime(path)
                return path
        return None

    def _keep(self, sha256: str, data: bytes) -> Path:
        make_private_dir(self._folder)
        self._make_room(len(data))
        path = self._folder / sha256
        replace(path, data)
        return path

    def _make_room(self, size_bytes: int) -> None:
        drop_abandoned(self._folder)
        kept = self._by_age()
        total = sum(size for _, size, _ in kept) + size_bytes
        for _, size, path in kept:
            if total <= self._most_bytes:
                return
            with suppress(OSError):
                path.unlink()
            total -= size

    def _by_age(self) -> Sequence[tuple[int, int, Path]]:
        """What is kept, the one looked at longest ago first."""
        found = []
        for path in self._folder.iterdir():
            with suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, path))
        return sorted(found)
