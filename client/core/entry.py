"""One saved report or operation as it lies on disk, and what is remembered beside it."""

from __future__ import annotations

import errno
import json
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from client.core import manifest
from client.core.durable import replace, write_new
from client.core.errors import Problem
from client.core.models import Attachment, Content, Operation, Receipt

MANIFEST = "manifest.json"
DRAFT = "draft.json"
RECEIPT = "receipt.json"
PROBLEM = "problem.json"
_LARGEST_BLOB = 512 * 1024 * 1024
_LARGEST_NOTE = 64 * 1024
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class Damaged(Exception):
    """What lies in the spool cannot be understood, or is not what the user approved."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was saved, as it lies on disk: a report or an operation, its manifest and the blobs that this names."""

    folder: Path
    content: Content
    manifest: bytes
    manifest_sha256: str

    def blob(self, attachment: Attachment) -> bytes:
        """The very bytes the user approved.

        Raises Damaged where they are not those any more, OSError where they cannot be read.
        """
        try:
            data = read(self.folder / attachment.sha256, _LARGEST_BLOB)
        except FileNotFoundError as error:
            raise Damaged(f"blob {attachment.sha256} is missing") from error
        if manifest.digest(data) != attachment.sha256:
            raise Damaged(f"blob {attachment.sha256} was altered")
        return data

    def receipt(self) -> Receipt | None:
        """The desk's proof that it has exactly this, where it lies here."""
        with suppress(*UNREADABLE):
            body = json.loads(read(self.folder / RECEIPT, _LARGEST_NOTE))
            receipt = Receipt(
                report_id=body["report_id"],
                manifest_sha256=body["manifest_sha256"],
                ticket_id=str(body["ticket_id"]),
                ticket_number=int(body["ticket_number"]),
                status=str(body["status"]),
                missing=tuple(body["missing"]),
                operation_id=body.get("operation_id"),
            )
            if self.is_named_by(receipt):
                return receipt
        return None

    def is_named_by(self, receipt: Receipt) -> bool:
        """Whether a receipt speaks of exactly this, down to its bytes, and of nothing that it does not have."""
        operation_id = self.content.id if isinstance(self.content, Operation) else None
        return (
            (receipt.report_id, receipt.operation_id) == (self.content.report_id, operation_id)
            and receipt.manifest_sha256 == self.manifest_sha256
            and set(receipt.missing) <= {item.sha256 for item in self.content.attachments}
        )

    def keep(self, receipt: Receipt) -> None:
        """Put the desk's proof beside it, durably. Raises OSError."""
        body = {name: getattr(receipt, name) for name in ("report_id", "manifest_sha256", "ticket_id", "ticket_number")}
        body |= {"status": receipt.status, "missing": list(receipt.missing)}
        if receipt.operation_id:
            body["operation_id"] = receipt.operation_id
        replace(self.folder / RECEIPT, json.dumps(body, indent=1).encode(), durable=True)


# What may come of reading state that may be lost: whatever the disk made of it, it is as if it were not there.
UNREADABLE = (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError, Damaged)


def entry_in(folder: Path) -> Entry:
    """What was saved in a folder. Raises Damaged where it cannot be understood or was altered, OSError."""
    try:
        data = read(folder / MANIFEST, manifest.MAX_BYTES)
        content = manifest.decode(data)
    except (ValueError, FileNotFoundError, RecursionError) as error:
        raise Damaged(str(error)) from error
    return Entry(folder, content, data, manifest.digest(data))


def ticket_in(folder: Path) -> str | None:
    """The report whose ticket the entry in a folder belongs to, without reading the whole; None where unknown."""
    with suppress(OSError):  # and no more than it takes: hundreds may wait
        handle = os.open(folder / MANIFEST, _FLAGS)
        try:
            return manifest.glance(os.read(handle, manifest.GLANCE_BYTES))
        finally:
            os.close(handle)
    return None


def keep_blob(folder: Path, sha256: str, data: bytes) -> Path:
    """Put the bytes of an attachment into a folder, durably; where they are. Raises OSError."""
    path = folder / sha256
    try:
        write_new(path, data)
    except FileExistsError:  # two displays show the same
        if manifest.digest(path.read_bytes()) != sha256:
            path.unlink()
            write_new(path, data)
    return path


def note_problem(folder: Path, problem: Problem) -> None:
    """Put beside an entry why it needs attention. Raises OSError."""
    body = {"code": problem.code, "title": problem.title, "detail": problem.detail}
    replace(folder / PROBLEM, json.dumps(body).encode())


def problem_in(folder: Path) -> Problem | None:
    """Why an entry needs attention, where that was kept."""
    with suppress(*UNREADABLE):
        body = json.loads(read(folder / PROBLEM, _LARGEST_NOTE))
        return Problem(str(body["code"]), str(body["title"]), str(body["detail"]))
    return None


def read(path: Path, limit: int) -> bytes:
    """A regular file's bytes; a link planted in its place is not followed."""
    try:
        handle = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Damaged(f"{path.name} is no regular file") from error
        raise
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise Damaged(f"{path.name} is no regular file")
        if found.st_size > limit:
            raise Damaged(f"{path.name} is larger than {limit} bytes")
        with os.fdopen(handle, "rb", closefd=False) as source:
            return source.read(found.st_size)  # Python sets aside at once whatever it is told to read at most
    finally:
        os.close(handle)
