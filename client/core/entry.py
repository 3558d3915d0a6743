"""One saved report as it lies on disk, and what is remembered beside it."""

from __future__ import annotations

import errno
import json
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from client.core import manifest
from client.core.durable import replace
from client.core.errors import Problem
from client.core.models import Attachment, Receipt, Report

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
    """A saved report as it lies on disk."""

    folder: Path
    report: Report
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
        """The desk's proof that it has exactly this report, where it lies here."""
        with suppress(*UNREADABLE):
            body = json.loads(read(self.folder / RECEIPT, _LARGEST_NOTE))
            receipt = Receipt(
                report_id=body["report_id"],
                manifest_sha256=body["manifest_sha256"],
                ticket_id=str(body["ticket_id"]),
                ticket_number=int(body["ticket_number"]),
                status=str(body["status"]),
                missing=tuple(body["missing"]),
            )
            if receipt.report_id == self.report.report_id and receipt.manifest_sha256 == self.manifest_sha256:
                return receipt
        return None

    def keep(self, receipt: Receipt) -> None:
        """Put the desk's proof beside the report, durably. Raises OSError."""
        body = {name: getattr(receipt, name) for name in ("report_id", "manifest_sha256", "ticket_id", "ticket_number")}
        body |= {"status": receipt.status, "missing": list(receipt.missing)}
        replace(self.folder / RECEIPT, json.dumps(body, indent=1).encode(), durable=True)


# What may come of reading state that may be lost: whatever the disk made of it, it is as if it were not there.
UNREADABLE = (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError, Damaged)


def entry_in(folder: Path) -> Entry:
    """The report in a folder. Raises Damaged where it cannot be understood or was altered, OSError."""
    try:
        data = read(folder / MANIFEST, manifest.MAX_BYTES)
        report = manifest.decode(data)
    except (ValueError, FileNotFoundError, RecursionError) as error:
        raise Damaged(str(error)) from error
    return Entry(folder, report, data, manifest.digest(data))


def note_problem(folder: Path, problem: Problem) -> None:
    """Put beside a report why it needs attention. Raises OSError."""
    body = {"code": problem.code, "title": problem.title, "detail": problem.detail}
    replace(folder / PROBLEM, json.dumps(body).encode())


def problem_in(folder: Path) -> Problem | None:
    """Why a report needs attention, where that was kept."""
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
