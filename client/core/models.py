"""What reports, operations and tickets are made of. Plain frozen data; `manifest` gives it the form that travels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class AttachmentKind(StrEnum):
    SCREENSHOT = "screenshot"
    FILE = "file"


class Flaw(StrEnum):
    """Why there is no picture of a display, or why the picture may say nothing. Never a reason not to report."""

    BLACK = "black"  # every pixel black: a protected window, a locked session, XWayland
    ONE_COLOUR = "one_colour"  # every pixel alike, not black: often an empty desktop, worth a word
    WALLPAPER_ONLY = "wallpaper_only"  # macOS without the screen-recording permission
    REFUSED = "refused"  # somebody, or a policy, said no
    NO_ANSWER = "no_answer"  # the portal did not answer within the budget
    UNAVAILABLE = "unavailable"  # this session offers no way to take pictures
    FAILED = "failed"  # tried, and it went wrong


@dataclass(frozen=True, slots=True)
class Display:
    """One display of the desktop, in physical pixels; `x` and `y` may be negative (left of or above the primary)."""

    name: str
    number: int  # 1, 2, … as shown to people
    x: int
    y: int
    width: int
    height: int
    scale: float = 1.0
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Shot:
    """One display as it was at `taken_at`.

    `pixels` holds `height` rows of `width` pixels, four bytes each in the order B G R X, top row first, no padding;
    None where there is no picture, then `flaw` says why. A flaw beside pixels marks a picture that may say nothing.
    """

    display: Display
    taken_at: datetime
    pixels: bytes | bytearray | memoryview | None = field(default=None, repr=False)
    flaw: Flaw | None = None


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as it will be sent, byte for byte."""

    data: bytes = field(repr=False)
    media_type: str
    suffix: str  # ".png"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing a technician asks for first. `label` and `alarm` are English source strings of the catalogue."""

    key: str
    label: str
    value: str
    alarm: str | None = None


@dataclass(frozen=True, slots=True)
class Collector:
    """Reads one fact. `read` returns (value, alarm), or None where this machine has no such thing; it may raise."""

    key: str
    label: str
    read: Callable[[], tuple[str, str | None] | None]


@dataclass(frozen=True, slots=True)
class FrontWindow:
    """The window that had the focus at the click; either may be empty."""

    program: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Requester:
    """Whose problem it is, as the machine claims it. A desk shows it as not verified."""

    name: str
    user: str
    host: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment of a report; `sha256` (64 hex digits) is also the name of its blob in the spool."""

    sha256: str
    size_bytes: int
    name: str
    media_type: str
    kind: AttachmentKind
    taken_at: datetime | None = None
    display: Display | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What the user approved by pressing Send."""

    report_id: str
    created_at: datetime
    text: str
    category: str | None
    blocking: bool
    via: str
    language: str
    client: str
    requester: Requester
    facts: tuple[Fact, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @property
    def id(self) -> str:
        return self.report_id


class OperationKind(StrEnum):
    COMMENT = "comment"
    SOLVED = "solved"  # it works now
    REOPEN = "reopen"  # still broken
    RATING = "rating"
    WITHDRAW = "withdraw"  # it went away


@dataclass(frozen=True, slots=True)
class Operation:
    """What the user does to a ticket. `report_id` names the report that the ticket was made of."""

    id: str
    report_id: str
    kind: OperationKind
    created_at: datetime
    language: str
    text: str = ""
    stars: int | None = None  # 1 to 5, of a rating alone
    attachments: tuple[Attachment, ...] = ()  # of a comment alone


Content = Report | Operation  # what is saved, sent and proven in the same way


@dataclass(frozen=True, slots=True)
class Receipt:
    """The desk's proof that it has a report or an operation: names it, the manifest it covers, and what is missing.

    The ticket is the report's; for an operation that had to begin a new ticket it is that one.
    """

    report_id: str
    manifest_sha256: str
    ticket_id: str
    ticket_number: int
    status: str
    missing: tuple[str, ...] = ()
    operation_id: str | None = None

    @property
    def is_complete(self) -> bool:
        return not self.missing


class Status(StrEnum):
    NEW = "new"
    OPEN = "open"
    PENDING = "pending"  # waits for the requester
    SOLVED = "solved"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    is_me: bool = False


@dataclass(frozen=True, slots=True)
class Enclosure:
    """An attachment as the desk has it; `is_here` where its bytes have come."""

    sha256: str
    size_bytes: int
    name: str
    media_type: str
    is_here: bool = True


@dataclass(frozen=True, slots=True)
class Comment:
    id: str
    at: datetime
    author: Person
    text: str
    is_thanks: bool = False
    attachments: tuple[Enclosure, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """What was done to a ticket, and by whom (None: by the desk itself). Newer desks may know more kinds."""

    id: str
    at: datetime
    kind: str
    by: Person | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class TicketLink:
    """Another ticket of the requester's that goes on where this one ended, or the other way round."""

    id: str
    number: int


@dataclass(frozen=True, slots=True)
class Rating:
    stars: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One of the requester's tickets, as the desk tells it. `id` is the id of the report."""

    id: str
    number: int
    status: Status
    text: str
    category: str | None
    blocking: bool
    created_at: datetime
    updated_at: datetime
    agent: str | None = None
    picked_up_at: datetime | None = None
    closes_at: datetime | None = None  # when silence closes a solved ticket
    missing: tuple[str, ...] = ()
    links: tuple[TicketLink, ...] = ()
    rating: Rating | None = None
    comments: tuple[Comment, ...] = ()
    events: tuple[TicketEvent, ...] = ()
    attachments: tuple[Enclosure, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """Tickets that changed, the oldest change first, and the cursor to ask with for what comes after them.

    `is_reset`: the desk did not know the cursor and begins anew; what it does not name again is gone.
    """

    cursor: str
    tickets: tuple[Ticket, ...] = ()
    has_more: bool = False
    is_reset: bool = False


@dataclass(frozen=True, slots=True)
class Category:
    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Incident:
    """An outage that the desk knows of and that goes on."""

    id: int
    title: str
    text: str
    since: str  # RFC 3339


@dataclass(frozen=True, slots=True)
class DeskInfo:
    """What the desk says of itself: who is on duty, how to reach it, how it sorts."""

    name: str = ""
    phone: str | None = None
    on_duty: tuple[str, ...] = ()
    first_answer_s: int | None = None
    categories: tuple[Category, ...] = ()
    incidents: tuple[Incident, ...] = ()


class SecretStore(Protocol):
    """The operating system's credential store, or a private file where there is none."""

    @property
    def where(self) -> str:
        """The place in words."""

    def read(self, name: str) -> str | None:
        """The secret of this name, None where there is none. Raises OSError or TimeoutError where it cannot tell."""

    def write(self, name: str, secret: str) -> None:
        """Keep a secret. Raises OSError or TimeoutError where that failed."""
