"""What the core asks of a help desk, whichever it is. Adapters live in `client.desks` and only map words and shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from client.core.models import Attachment, DeskInfo, Receipt


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
        """Add the bytes of one attachment of the manifest."""

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
