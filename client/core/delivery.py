"""One attempt to hand a report to the desk: whole, in one request, or the ticket first and attachments after it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from client.core import faults
from client.core.desk import Desk
from client.core.entry import Damaged, Entry
from client.core.errors import NotOurServer, Rejected, SignInNeeded, Unanswered
from client.core.events import Accepted, Listener
from client.core.models import Receipt
from client.core.words import _

WHOLE_BYTES = 4 * 1024 * 1024  # more than that is better resumed than begun anew

# Damaged on the way and not here; or the ticket just made is gone, since the server was restored from a backup.
_BEGIN_AGAIN = ("digest_differs", "not_found")


class Delivery:
    """Hands over reports. `desk` gives the desk or raises DeskError; `sign_in` makes this device known to it."""

    def __init__(self, desk: Callable[[], Desk], sign_in: Callable[[], None], on_event: Listener) -> None:
        self._desk = desk
        self._sign_in = sign_in
        self._on_event = on_event

    def deliver(self, entry: Entry, *, probe_first: bool, is_whole: bool) -> Receipt:
        """The receipt of a report that the desk has.

        `is_whole` where the desk has nothing of it yet: then everything goes in one request, unless that is too much.
        `probe_first` where somebody else answered last time: not a byte of a report before the desk itself is there.
        Raises DeskError, Damaged where the manifest's bytes are not those that were saved.
        """
        desk, report_id = self._desk(), entry.report.report_id
        if probe_first:
            desk.probe()
        receipt = self._submit_whole(desk, entry) if is_whole else None
        receipt = receipt or self._signed_in(entry, lambda: desk.submit(report_id, entry.manifest))
        self._on_event(Accepted(report_id, receipt))
        left_out: Damaged | Rejected | None = None
        by_sha256 = {item.sha256: item for item in entry.report.attachments}
        for sha256 in receipt.missing:
            try:
                data = entry.blob(by_sha256[sha256])
                receipt = self._signed_in(entry, partial(desk.attach, report_id, by_sha256[sha256], data))
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
        """The receipt, or None where the report has to go in parts."""
        attachments = {item.sha256: item for item in entry.report.attachments}.values()
        if not 0 < sum(item.size_bytes for item in attachments) <= WHOLE_BYTES:
            return None
        try:
            blobs = [entry.blob(item) for item in attachments]
            return self._signed_in(entry, lambda: desk.submit(entry.report.report_id, entry.manifest, blobs))
        except (Damaged, Rejected):  # in parts, what is good of it is taken
            return None

    def _signed_in(self, entry: Entry, call: Callable[[], Receipt]) -> Receipt:
        """`call`, after enrolling silently where the desk does not know this device; once."""
        try:
            receipt = call()
        except SignInNeeded as error:
            if error.problem.code != "sign_in":
                raise
            self._sign_in()
            receipt = call()
        if receipt.report_id != entry.report.report_id or receipt.manifest_sha256 != entry.manifest_sha256:
            raise NotOurServer(faults.stranger())
        if not set(receipt.missing) <= {item.sha256 for item in entry.report.attachments}:
            raise NotOurServer(faults.stranger())
        return receipt
