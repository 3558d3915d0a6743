"""What the core asks of a help desk, whichever it is. Adapters live in `client.desks` and only map words and shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from client.core.models import Attachment, Changes, DeskInfo, Operation, Receipt, Ticket


@dataclass(frozen=True, slots=True)
class Credential:
    """This device's identity: an id and a secret that it made itself."""

    device_id: str
    secret: str = field(repr=False)


class Desk(Protocol):
    """All methods block, make one attempt, and raise a `client.core.errors.DeskError` whose class says what next."""

    def submit(self, report_id: str, manifest: bytes, blobs: Sequence[bytes] = ()) -> Receipt:
        """Make the ticket of this manifest, or find the one made before; the receipt says what is missing.

        `blobs`, where given, are the bytes of all attachments in the manifest's order, each digest once; a desk that
        takes them apart from the ticket may leave them missing.
        """

    def attach(self, report_id: str, attachment: Attachment, data: bytes) -> Receipt:
        """Add the bytes of one attachment, of the report itself or of a comment. The receipt is the report's."""

    def comment(self, operation: Operation, body: bytes) -> Receipt:
        """Add a comment, whose manifest is `body`, or find the one added before; the receipt says what is missing."""

    def operate(self, operation: Operation, body: bytes) -> Receipt:
        """Do anything else to a ticket, once. What no longer fits the ticket's state is noted there, and no error."""

    def changes(self, cursor: str | None, wait_s: float) -> Changes | None:
        """This device's tickets that changed since `cursor` (None: since the beginning); None where none did.

        With `wait_s` the desk may keep the answer back so long, until something changes.
        """

    def stop_waiting(self) -> None:
        """Whoever waits for changes in another thread gets Unanswered at once."""

    def ticket(self, ticket_id: str) -> Ticket:
        """One of this device's tickets, whole."""

    def attachment(self, ticket_id: str, sha256: str) -> bytes:
        """The bytes of an attachment of one of this device's tickets: the report's own, or a comment's."""

    def info(self) -> DeskInfo:
        """What the desk says of itself."""

    def probe(self) -> datetime | None:
        """The desk's clock, where it tells. Raises unless the desk itself answers.

        Carries no credential and nothing of the user's.
        """


class Enrols(Protocol):
    """A desk where a device makes itself known without a log-in."""

    def enrol(self, credential: Credential, site_key: str) -> None:
        """Make the credential known; says nothing of the user or the machine, since that may be before Send.

        Raises Rejected with the code `device_taken` where the id is in use with another secret.
        """
