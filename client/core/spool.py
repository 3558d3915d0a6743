"""The spool: folders are the truth.

    drafts/<report_id>/      a report in the making: draft.json, pictures as they are encoded
    outbox/<report_id>/      saved, to be sent: manifest.json and blobs named by their SHA-256
    attention/<report_id>/   saved, a person must act: problem.json says why
    sent/<report_id>/        delivered: receipt.json is the desk's proof
    quarantine/              what could not be understood; nothing is ever deleted from here
    locks/<report_id>        held by the process that works on a report

A report moves by rename, so it is in exactly one place and whole. Every folder is 0700, every file 0600.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from client.core import manifest
from client.core.claim import Claim, claim
from client.core.durable import make_private_dir, move_dir, sync_dir, write_new
from client.core.entry import (
    DRAFT,
    MANIFEST,
    RECEIPT,
    UNREADABLE,
    Damaged,
    Entry,
    entry_in,
    note_problem,
    problem_in,
)
from client.core.errors import Problem
from client.core.models import Receipt, Report


class Spool:
    """Moves reports from place to place. Methods raise OSError as the operating system gave it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.drafts = root / "drafts"
        self.outbox = root / "outbox"
        self.attention = root / "attention"
        self.sent = root / "sent"
        self.quarantine = root / "quarantine"
        self.locks = root / "locks"

    def prepare(self) -> None:
        """Make the folder that others watch. Raises OSError where the profile cannot be written."""
        make_private_dir(self.outbox)

    def claim(self, report_id: str) -> Claim | None:
        """The right to work on a report, or None while another process has it."""
        make_private_dir(self.locks)
        return claim(self.locks / report_id)

    def drop_old_locks(self) -> None:
        """Remove the locks of reports that are nowhere any more: killed processes left them."""
        for name in _in_order(self.locks):
            if not any((place / name).exists() for place in (self.drafts, self.outbox, self.attention)):
                held = claim(self.locks / name)
                if held:
                    held.release(remove=True)

    # drafts

    def open_draft(self, report_id: str) -> Path:
        """The folder of a draft, made if need be."""
        folder = self.drafts / report_id
        make_private_dir(folder)
        return folder

    def draft_ids(self) -> list[str]:
        """Unsent drafts, the newest first."""
        return [name for name in reversed(_in_order(self.drafts)) if manifest.is_report_id(name)]

    def drop_draft(self, report_id: str) -> None:
        """Delete a draft that the user gave up, and its pictures."""
        _remove(self.drafts / report_id)

    def prune_draft(self, report_id: str, kept: set[str]) -> None:
        """Delete the blobs of a draft that are not in `kept`."""
        for path in (self.drafts / report_id).iterdir():
            if path.name != DRAFT and path.name not in kept:
                path.unlink()

    def commit(self, report: Report) -> str:
        """Make the draft of `report` a saved report, durably; return the manifest's SHA-256.

        Its blobs lie in the draft's folder already, each durable. After a return the report survives any crash; after
        an OSError it is a draft still, or lies whole in the outbox, and the same call may be made again.
        """
        data = manifest.encode(report)
        folder, target = self.drafts / report.report_id, self.outbox / report.report_id
        make_private_dir(self.outbox)
        if target.exists():  # an earlier call failed after the rename, and so did taking it back
            _take_back(target, folder)
        wanted = {item.sha256 for item in report.attachments}
        for path in folder.iterdir():
            if path.name not in wanted and path.name != DRAFT:
                path.unlink()  # pictures the user unticked, a manifest of an earlier try
        missing = [sha256 for sha256 in wanted if not (folder / sha256).is_file()]
        if missing:
            raise FileNotFoundError(f"the draft lacks {', '.join(missing)}")
        write_new(folder / MANIFEST, data)
        sync_dir(folder)
        try:
            move_dir(folder, target)
        except OSError:
            with suppress(OSError):  # not durable, so not saved: what the user changes now must count
                _take_back(target, folder)
            raise
        return manifest.digest(data)

    # saved reports

    def waiting(self) -> list[str]:
        """Saved reports, the oldest first. What is no report goes to quarantine."""
        return [name for name in _in_order(self.outbox) if self._is_ours(self.outbox / name)]

    def needing_attention(self) -> list[str]:
        return [name for name in _in_order(self.attention) if manifest.is_report_id(name)]

    def set_aside_count(self) -> int:
        """How much lies in quarantine."""
        return len(_in_order(self.quarantine))

    def load(self, report_id: str) -> Entry:
        """A saved report.

        Raises Damaged where its manifest cannot be understood, FileNotFoundError where it is gone.
        """
        folder = self.outbox / report_id
        if not folder.exists():
            raise FileNotFoundError(report_id)
        entry = entry_in(folder)
        if entry.report.report_id != report_id:
            raise Damaged("the manifest is another report's")
        return entry

    def sent_receipt(self, report_id: str) -> Receipt | None:
        """The receipt of a report that was delivered, None where it was not."""
        with suppress(*UNREADABLE):
            return entry_in(self.sent / report_id).receipt()
        return None

    def finish(self, entry: Entry, receipt: Receipt) -> None:
        """Keep the desk's proof durably, then move the report to sent/.

        A power cut may undo the move: then the receipt tells that nobody need be asked again.
        """
        make_private_dir(self.sent)
        entry.keep(receipt)
        with suppress(OSError):
            (entry.folder / DRAFT).unlink()  # left where a process was killed just after saving
        entry.folder.rename(_free_name(self.sent / entry.report.report_id))

    def park(self, report_id: str, problem: Problem) -> None:
        """A person must act: keep the report whole and say why."""
        folder = self.outbox / report_id
        make_private_dir(self.attention)
        with suppress(OSError):  # the reason is a courtesy, the report is not
            note_problem(folder, problem)
        move_dir(folder, _free_name(self.attention / report_id))

    def problem(self, report_id: str) -> Problem | None:
        """Why a report needs attention, where that was kept."""
        return problem_in(self.attention / report_id)

    def release(self, report_id: str) -> None:
        """Put a report that needed attention back into the outbox, to be tried again."""
        move_dir(self.attention / report_id, self.outbox / report_id)

    def set_aside(self, path: Path) -> Path:
        """Move what cannot be understood to quarantine/, whole; return where it is now."""
        make_private_dir(self.quarantine)
        target = _free_name(self.quarantine / path.name)
        move_dir(path, target)
        return target

    def expire_sent(self, keep_s: float) -> None:
        """Delete the pictures of reports delivered more than `keep_s` ago; manifest and receipt stay as a ledger."""
        for folder in _folders(self.sent):
            with suppress(OSError):
                if time.time() - folder.stat().st_mtime > keep_s:
                    for path in folder.iterdir():
                        if path.name not in (MANIFEST, RECEIPT):
                            path.unlink()

    def _is_ours(self, path: Path) -> bool:
        with suppress(OSError):
            if manifest.is_report_id(path.name) and stat.S_ISDIR(path.lstat().st_mode):
                return True
            self.set_aside(path)
        return False


def _folders(parent: Path) -> Iterable[Path]:
    with suppress(FileNotFoundError):
        for path in list(parent.iterdir()):
            if path.is_dir() and not path.is_symlink():
                yield path


def _free_name(path: Path) -> Path:
    """`path`, or `path` with a number where something has that name already."""
    candidate, number = path, 1
    while os.path.lexists(candidate):
        candidate, number = path.with_name(f"{path.name}.{number}"), number + 1
    return candidate


def _remove(folder: Path) -> None:
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def _in_order(folder: Path) -> list[str]:
    """The names in a folder, the oldest first; what moves away meanwhile is left out."""
    found = []
    with suppress(FileNotFoundError), os.scandir(folder) as items:
        for item in items:
            with suppress(FileNotFoundError):
                found.append((item.stat(follow_symlinks=False).st_mtime_ns, item.name))
    return [name for _, name in sorted(found)]


def _take_back(target: Path, folder: Path) -> None:
    """Make a report in the outbox a draft again; what the draft's folder got meanwhile is the newer."""
    if folder.exists():
        for path in folder.iterdir():
            path.replace(target / path.name)
        folder.rmdir()
    target.rename(folder)
