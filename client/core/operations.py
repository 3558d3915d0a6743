"""What the user does to a ticket, made durable: a reply, "It works now", "Still broken", "It went away", a rating.

From there on it takes the road of a report: outbox, desk, receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from client.core.attachable import attachable, read
from client.core.claim import Claim
from client.core.entry import keep_blob
from client.core.events import NotSaved, Saved
from client.core.manifest import MAX_ATTACHMENTS, MAX_TEXT, digest, new_report_id
from client.core.models import Attachment, AttachmentKind, Encoded, Operation, OperationKind
from client.core.picture import Picture
from client.core.save_problem import nothing_said, save_problem, text_too_long
from client.core.surroundings import Surroundings
from client.core.words import language

Enclosed = Path | Encoded  # an attachment, copied from where it lies; a picture that was pasted


class Operations:
    """Saves operations. `do` returns at once; Saved or NotSaved follows."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def do(
        self,
        report_id: str,
        kind: OperationKind,
        *,
        text: str = "",
        stars: int | None = None,
        enclosed: Sequence[Enclosed] = (),
        operation_id: str | None = None,
    ) -> str:
        """Save an operation on the ticket of a report; return its id.

        With an `operation_id` of the caller's own making it is one operation however often it is tried, such as after
        a disk that was full.
        Raises DeskbellError, in words, where one of `enclosed` cannot be read or is too large.
        """
        operation = Operation(
            id=operation_id or new_report_id(),
            report_id=report_id,
            kind=kind,
            created_at=datetime.now(UTC),
            language=language(),
            text=text.strip(),
            stars=stars,
        )
        parts = [_part(item, number) for number, item in enumerate(enclosed, 1)]
        if len(operation.text) > MAX_TEXT:  # cut, it would not be what the user approved
            self._around.on_event(NotSaved(operation.id, text_too_long()))
        elif kind is OperationKind.COMMENT and not operation.text and not parts:
            self._around.on_event(NotSaved(operation.id, nothing_said()))
        else:
            self._around.disk.put(lambda: self._save(operation, parts))
        return operation.id

    def _save(self, operation: Operation, parts: Sequence[_Part]) -> None:
        spool, claim = self._around.spool, None
        try:
            claim = spool.claim(operation.id)  # or whoever looks for unsent drafts would take it for one
            folder = spool.open_draft(operation.id)
            attachments = tuple(_kept(part, folder) for part in parts)
            spool.commit(replace(operation, attachments=attachments))
        except Exception as error:
            self._give_up(operation.id, claim)
            self._around.on_event(NotSaved(operation.id, save_problem(error)))
            if isinstance(error, OSError):
                return
            raise  # a fault of ours: the window goes on, and the lane reports it
        if claim:
            claim.release()
        self._around.on_event(Saved(operation.id))
        self._around.on_saved()

    def _give_up(self, operation_id: str, claim: Claim | None) -> None:
        with suppress(OSError):
            self._around.spool.drop_draft(operation_id)
        if claim:
            claim.release(remove=True)


_Part = tuple[Picture, Enclosed]


def _part(item: Enclosed, number: int) -> _Part:
    if isinstance(item, Path):
        return attachable(item, room=MAX_ATTACHMENTS + 1 - number), item
    name = f"picture-{number}{item.suffix}"
    return Picture(id=0, name=name, taken_at=datetime.now(UTC), media_type=item.media_type), item


def _kept(part: _Part, folder: Path) -> Attachment:
    """The attachment, whose bytes lie durably in `folder` now."""
    picture, item = part
    data = read(item) if isinstance(item, Path) else item.data
    sha256 = digest(data)
    keep_blob(folder, sha256, data)
    kind = AttachmentKind.FILE if isinstance(item, Path) else AttachmentKind.SCREENSHOT
    return Attachment(sha256, len(data), picture.name, picture.media_type, kind, picture.taken_at)
