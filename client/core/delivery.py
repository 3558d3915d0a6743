"""One attempt to hand an entry to the desk: whole, in one request, or itself first and its attachments after it."""

from __future__ import annotations

from collections.abc import Callable

from client.core import faults
from client.core.desk import Desk
from client.core.entry import Damaged, Entry
from client.core.errors import NotOurServer, Rejected, Unanswered
from client.core.events import Accepted, Listener
from client.core.models import Attachment, OperationKind, Receipt, Report
from client.core.signing_in import signed_in
from client.core.words import _

WHOLE_BYTES = 4 * 1024 * 1024  # more than that is better resumed than begun anew

# Damaged on the way and not here; or the ticket just made is gone, since the server was restored from a backup.
_BEGIN_AGAIN = ("digest_differs", "not_found")


class Delivery:
    """Hands over entries. `desk` gives the desk or raises DeskError; `sign_in` makes this device known to it."""

    def __init__(self, desk: Callable[[], Desk], sign_in: Callable[[], None], on_event: Listener) -> None:
        self._desk = desk
        self._sign_in = sign_in
        self._on_event = on_event

    def deliver(self, entry: Entry, *, probe_first: bool, is_whole: bool) -> Receipt:
        """The receipt of an entry that the desk has.

        `is_whole` where the desk has nothing of it yet: then a report goes in one request, unless that is too much.
        `probe_first` where somebody else answered last time: not a byte of it before the desk itself is there.
        Raises DeskError, Damaged where the manifest's bytes are not those that were saved.
        """
        desk = self._desk()
        if probe_first:
            desk.probe()
        receipt = self._submit_whole(desk, entry) if is_whole else None
        receipt = receipt or self._hand_over(desk, entry)
        self._on_event(Accepted(entry.content.id, receipt))
        left_out: Damaged | Rejected | None = None
        by_sha256 = {item.sha256: item for item in entry.content.attachments}
        for sha256 in receipt.missing:
            try:
                receipt = self._attach(desk, entry, by_sha256[sha256], entry.blob(by_sha256[sha256]))
            except (Damaged, Rejected) as error:  # the rest still goes
                if isinstance(error, Rejected) and error.problem.code in _BEGIN_AGAIN:
                    raise Unanswered(faults.cut_off()) from error
                left_out = error
        if left_out:
            reason = left_out.problem.title if isinstance(left_out, Rejected) else _("it was damaged on this PC")
            raise Rejected(faults.left_out(receipt.ticket_number, reason)) from left_out
        if not receipt.is_complete:
            raise Unanswered(faults.cut_off())
        return receipt

    def _submit_whole(self, desk: Desk, entry: Entry) -> Receipt | None:
        """The receipt, or None where it has to go in parts."""
        attachments = {item.sha256: item for item in entry.content.attachments}.values()
        is_small = 0 < sum(item.size_bytes for item in attachments) <= WHOLE_BYTES
        if not (is_small and isinstance(entry.content, Report)):
            return None
        try:
            blobs = [entry.blob(item) for item in attachments]
            return self._proven(entry, lambda: desk.submit(entry.content.id, entry.manifest, blobs))
        except (Damaged, Rejected):  # in parts, what is good of it is taken
            return None

    def _hand_over(self, desk: Desk, entry: Entry) -> Receipt:
        """The manifest alone, by the road that its content takes."""
        content = entry.content
        if isinstance(content, Report):
            return self._proven(entry, lambda: desk.submit(content.id, entry.manifest))
        if content.kind is OperationKind.COMMENT:
            return self._proven(entry, lambda: desk.comment(content, entry.manifest))
        return self._proven(entry, lambda: desk.operate(content, entry.manifest))

    def _attach(self, desk: Desk, entry: Entry, attachment: Attachment, data: bytes) -> Receipt:
        content = entry.content
        if isinstance(content, Report):
            return self._proven(entry, lambda: desk.attach(content.id, attachment, data))
        signed_in(lambda: desk.attach(content.report_id, attachment, data), self._sign_in)
        return self._hand_over(desk, entry)  # that receipt was the report's: what the comment lacks, only it can say

    def _proven(self, entry: Entry, call: Callable[[], Receipt]) -> Receipt:
        receipt = signed_in(call, self._sign_in)
        if not entry.is_named_by(receipt):
            raise NotOurServer(faults.stranger())
        return receipt
