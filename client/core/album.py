"""The pictures and added attachments of a report in the making, and their bytes on disk."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from client.core import flaws, manifest
from client.core.durable import make_private_dir
from client.core.entry import keep_blob
from client.core.models import Attachment, AttachmentKind, Encoded, Fact, Shot
from client.core.picture import Picture


class Album:
    """Pictures in the order they came, each with an id of its own. Safe from any thread; `folder` is the draft's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._pictures: dict[int, Picture] = {}

    def all(self) -> tuple[Picture, ...]:
        with self._lock:
            return tuple(self._pictures.values())

    def add(self, picture: Picture) -> Picture:
        """`picture` with an id of its own."""
        with self._lock:
            added = replace(picture, id=len(self._pictures) + 1)
            self._pictures[added.id] = added
            return added

    def change(self, picture_id: int, **changes: object) -> None:
        """Put other values into the fields of a picture."""
        with self._lock:
            self._pictures[picture_id] = replace(self._pictures[picture_id], **changes)  # type: ignore[arg-type]

    def keep(self, picture_id: int, encoded: Encoded) -> None:
        """Put encoded bytes on disk; where the disk refuses they stay in memory until `write_rest`."""
        sha256 = manifest.digest(encoded.data)
        stored: Path | None = None
        with suppress(OSError):
            stored = self._write(sha256, encoded.data)
        self.change(
            picture_id,
            sha256=sha256,
            size_bytes=len(encoded.data),
            media_type=encoded.media_type,
            stored=stored,
            unwritten=None if stored else encoded.data,
        )

    def write_rest(self) -> None:
        """Put on disk what is to be sent and what the disk refused before. Raises OSError."""
        for picture in self.all():
            if picture.is_included and picture.unwritten is not None and picture.sha256:
                stored = self._write(picture.sha256, picture.unwritten)
                self.change(picture.id, stored=stored, unwritten=None)

    def attachments(self) -> tuple[Attachment, ...]:
        """What is to be sent."""
        ticked = [picture for picture in self.all() if picture.is_included]
        return tuple(
            Attachment(
                sha256=picture.sha256,
                size_bytes=picture.size_bytes or 0,
                name=picture.name,
                media_type=picture.media_type,
                kind=AttachmentKind.SCREENSHOT if picture.display else AttachmentKind.FILE,
                taken_at=picture.taken_at,
                display=picture.display,
            )
            for picture in ticked
            if picture.sha256
        )[: manifest.MAX_ATTACHMENTS]

    def flaw_facts(self) -> tuple[Fact, ...]:
        """What a technician reads of pictures that are missing or say nothing."""
        found = (
            flaws.fact(Shot(picture.display, picture.taken_at, b"" if picture.has_pixels else None, picture.flaw))
            for picture in self.all()
            if picture.display and not picture.is_earlier
        )
        return tuple(fact for fact in found if fact)

    def _write(self, sha256: str, data: bytes) -> Path:
        make_private_dir(self._folder)
        return keep_blob(self._folder, sha256, data)
