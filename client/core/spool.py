"""The spool: folders are the truth.

    drafts/<id>/      in the making: draft.json, pictures as they are encoded
    outbox/<id>/      saved, to be sent: manifest.json and blobs named by their SHA-256
    attention/<id>/   saved, a person must act: problem.json says why
    sent/<id>/        delivered: receipt.json is the desk's proof
    quarantine/       what could not be understood; nothing is ever deleted from here
    locks/<id>        held by the process that works on it

What is saved is a report or an operation, an *entry* either way: they differ in what their manifest says. An entry
moves by rename, so it is in exactly one place and whole. Every folder is 0700, every file 0600.
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
    ticket_in,
)
from client.core.errors import Problem
from client.core.models import Content, Operation, Receipt

_NEXT_NS = 1_000  # the least that every file system tells apart, but for those that know no fractions of a second


class Spool:
    """Moves entries from place to place. Methods raise OSError as the operating system gave it."""

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

    def claim(self, entry_id: str) -> Claim | None:
        """The right to work on an entry, or None while another process has it."""
        make_private_dir(self.locks)
        return claim(self.locks / entry_id)

    def drop_old_locks(self) -> None:
        """Remove the locks of what is nowhere any more: killed processes left them."""
        for name in _in_order(self.locks):
            if not any((place / name).exists() for place in (self.drafts, self.outbox, self.attention)):
                held = claim(self.locks / name)
                if held:
                    held.release(remove=True)

    # drafts

    def open_draft(self, entry_id: str) -> Path:
        """The folder of what is in the making, made if need be."""
        folder = self.drafts / entry_id
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

    def commit(self, content: Content) -> str:
        """Make the draft of `content` a saved report or operation, durably; return the manifest's SHA-256.

        Its blobs lie in the draft's folder already, each durable. After a return it survives any crash; after an
        OSError it is a draft still, or lies whole in the outbox, and the same call may be made again.
        """
        data = manifest.encode(content)
        folder, target = self.drafts / content.id, self.outbox / content.id
        make_private_dir(self.outbox)
        if target.exists():  # an earlier call failed after the rename, and so did taking it back
            _take_back(target, folder)
        wanted = {item.sha256 for item in content.attachments}
        for path in folder.iterdir():
            if path.name not in wanted and path.name != DRAFT:
                path.unlink()  # pictures the user unticked, a manifest of an earlier try
        missing = [sha256 for sha256 in wanted if not (folder / sha256).is_file()]
        if missing:
            raise FileNotFoundError(f"the draft lacks {', '.join(missing)}")
        write_new(folder / MANIFEST, data)
        if isinstance(content, Operation):
            self._date_last(folder)
        sync_dir(folder)
        try:
            move_dir(folder, target)
        except OSError:
            with suppress(OSError):  # not durable, so not saved: what the user changes now must count
                _take_back(target, folder)
            raise
        with suppress(OSError):
            (target / DRAFT).unlink()
        return manifest.digest(data)

    # what is saved

    def waiting(self) -> list[str]:
        """Saved entries, the oldest first. What is none goes to quarantine."""
        return [name for name in _in_order(self.outbox) if self._is_ours(self.outbox / name)]

    def needing_attention(self) -> list[str]:
        return [name for name in _in_order(self.attention) if manifest.is_report_id(name)]

    def set_aside_count(self) -> int:
        """How much lies in quarantine."""
        return len(_in_order(self.quarantine))

    def ticket_of(self, entry_id: str) -> str:
        """The report whose ticket a saved entry belongs to; the entry itself where that cannot be seen."""
        return ticket_in(self.outbox / entry_id) or entry_id

    def load(self, entry_id: str) -> Entry:
        """What waits to be sent.

        Raises Damaged where its manifest cannot be understood, FileNotFoundError where it is gone.
        """
        return _entry(self.outbox / entry_id)

    def content(self, entry_id: str) -> Content:
        """What a saved entry says, sent or not. Raises Damaged, and OSError where it is gone."""
        for folder in (self.outbox, self.attention, self.sent):
            with suppress(FileNotFoundError):
                return _entry(folder / entry_id).content
        raise FileNotFoundError(entry_id)

    def has_sent(self) -> bool:
        """Whether anything was ever delivered from here."""
        with suppress(OSError), os.scandir(self.sent) as items:
            return any(True for _ in items)
        return False

    def is_whole(self, entry_id: str) -> bool:
        """Whether all of what needs attention is here and as it was saved."""
        with suppress(*UNREADABLE):
            entry = _entry(self.attention / entry_id)
            for item in entry.content.attachments:
                entry.blob(item)
            return True
        return False

    def sent_receipt(self, entry_id: str) -> Receipt | None:
        """The receipt of what was delivered, None where it was not."""
        with suppress(*UNREADABLE):
            return entry_in(self.sent / entry_id).receipt()
        return None

    def sent_as(self, number: int) -> str | None:
        """The report that became the ticket with this number."""
        for entry_id in reversed(_in_order(self.sent)):
            receipt = self.sent_receipt(entry_id)
            if receipt and receipt.ticket_number == number and receipt.operation_id is None:
                return entry_id
        return None

    def finish(self, entry: Entry, receipt: Receipt) -> None:
        """Keep the desk's proof durably, then move the entry to sent/.

        A power cut may undo the move: then the receipt tells that nobody need be asked again.
        """
        make_private_dir(self.sent)
        entry.keep(receipt)
        with suppress(OSError):
            (entry.folder / DRAFT).unlink()  # left where a process was killed just after saving
        entry.folder.rename(_free_name(self.sent / entry.content.id))

    def park(self, entry_id: str, problem: Problem) -> None:
        """A person must act: keep the entry whole and say why."""
        folder = self.outbox / entry_id
        make_private_dir(self.attention)
        with suppress(OSError):  # the reason is a courtesy, the entry is not
            note_problem(folder, problem)
        move_dir(folder, _free_name(self.attention / entry_id))

    def problem(self, entry_id: str) -> Problem | None:
        """Why an entry needs attention, where that was kept."""
        return problem_in(self.attention / entry_id)

    def release(self, entry_id: str) -> None:
        """Put what needed attention back into the outbox, to be tried again."""
        move_dir(self.attention / entry_id, self.outbox / entry_id)

    def set_aside(self, path: Path) -> Path:
        """Move what cannot be understood to quarantine/, whole; return where it is now."""
        make_private_dir(self.quarantine)
        target = _free_name(self.quarantine / path.name)
        move_dir(path, target)
        return target

    def expire_sent(self, keep_s: float) -> None:
        """Delete the blobs of what was delivered more than `keep_s` ago; manifest and receipt stay as a ledger."""
        for folder in _folders(self.sent):
            with suppress(OSError):
                if time.time() - folder.stat().st_mtime > keep_s:
                    for path in folder.iterdir():
                        if path.name not in (MANIFEST, RECEIPT):
                            path.unlink()

    def _date_last(self, folder: Path) -> None:
        """Operations are sent in the order they were made, so each is newer than all that waits, whatever the clock."""
        newest = max((at for at, _ in _by_time(self.outbox)), default=0)
        at = max(time.time_ns(), newest + _NEXT_NS)
        os.utime(folder, ns=(at, at))

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


def _entry(folder: Path) -> Entry:
    if not folder.exists():
        raise FileNotFoundError(folder.name)
    entry = entry_in(folder)
    if entry.content.id != folder.name:
        raise Damaged("the manifest is another report's")
    return entry


def _in_order(folder: Path) -> list[str]:
    """The names in a folder, the oldest first; what moves away meanwhile is left out."""
    return [name for _, name in sorted(_by_time(folder))]


def _by_time(folder: Path) -> Iterable[tuple[int, str]]:
    """What is in a folder, and when each was changed last."""
    with suppress(FileNotFoundError), os.scandir(folder) as items:
        for item in items:
            with suppress(FileNotFoundError):
                yield item.stat(follow_symlinks=False).st_mtime_ns, item.name


def _take_back(target: Path, folder: Path) -> None:
    """Make a report in the outbox a draft again; what the draft's folder got meanwhile is the newer."""
    if folder.exists():
        for path in folder.iterdir():
            path.replace(target / path.name)
        folder.rmdir()
    target.rename(folder)
