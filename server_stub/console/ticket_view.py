"""What the page of one ticket shows: the manifest, the attachments that arrived, and links to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from server_stub.blobs import Blobs
from server_stub.console.history_view import EventView, SaidView, views
from server_stub.links import Form, Links, Wanted
from server_stub.manifest import Attachment, Display, Kind, Manifest, cleaned, parse
from server_stub.pictures import Pictures, Size
from server_stub.store.history import Linked, Shown
from server_stub.store.queue import FullTicket, QueueEntry, Stored
from server_stub.words import Words

_LAST = 10**6


@dataclass(frozen=True, slots=True)
class FactView:
    """One line of the facts, in the reader's language."""

    label: str
    value: str
    alarm: str


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """An attachment. `size` is None where it cannot be shown inside the page; links are tokens."""

    name: str
    label: str
    details: tuple[str, ...]
    is_here: bool
    size: Size | None
    size_bytes: int
    preview: str
    picture: str
    original: str


@dataclass(frozen=True, slots=True)
class TicketView:
    """Everything on the page of a ticket."""

    entry: QueueEntry
    site_name: str
    device_id: str
    name: str
    user: str
    host: str
    client: str
    reported_at: datetime
    screenshots: tuple[AttachmentView, ...]
    others: tuple[AttachmentView, ...]
    facts: tuple[FactView, ...]
    agent_id: int | None
    closes_at: datetime | None
    rating_stars: int | None
    rating_text: str
    history: tuple[SaidView | EventView, ...]
    links: tuple[Linked, ...]


class TicketDesk:
    """Puts the page of a ticket together."""

    def __init__(self, blobs: Blobs, pictures: Pictures, links: Links) -> None:
        self._blobs = blobs
        self._pictures = pictures
        self._links = links

    def view(self, ticket: FullTicket, words: Words) -> TicketView:
        """The page's content. Reads the headers of pictures, nothing more of them."""
        manifest = parse(Manifest, ticket.manifest)
        pairs = list(zip(manifest.attachments, ticket.attachments, strict=True))
        shots = [pair for pair in pairs if pair[0].kind is Kind.SCREENSHOT]
        shots.sort(key=lambda pair: (_number(pair[0]), pair[1].position))
        others = [pair for pair in pairs if pair[0].kind is not Kind.SCREENSHOT]
        requester = manifest.requester
        return TicketView(
            entry=ticket.entry,
            site_name=ticket.site_name,
            device_id=ticket.device_id,
            name=cleaned(requester.name),
            user=cleaned(requester.user),
            host=cleaned(requester.host),
            client=cleaned(manifest.client),
            reported_at=manifest.created_at,
            screenshots=tuple(self._attachment(ticket.entry.id, *pair, words) for pair in shots),
            others=tuple(self._attachment(ticket.entry.id, *pair, words) for pair in others),
            facts=tuple(
                FactView(words.gettext(cleaned(fact.label)), cleaned(fact.value), words.gettext(cleaned(fact.alarm)))
                for fact in manifest.facts
            ),
            agent_id=ticket.agent_id,
            closes_at=ticket.closes_at,
            rating_stars=ticket.rating_stars,
            rating_text=ticket.rating_text or "",
            history=tuple(views(ticket.history, words, partial(self._of_comment, ticket.entry.id))),
            links=ticket.links,
        )

    def _attachment(self, ticket_id: str, part: Attachment, stored: Stored, words: Words) -> AttachmentView:
        view = self._view(
            part.sha256, part.bytes, stored.received_at, Wanted(ticket_id, stored.position, Form.ORIGINAL)
        )
        return replace(view, name=cleaned(part.name), label=_label(part, words), details=_details(part, words))

    def _of_comment(self, ticket_id: str, comment_id: str, part: Shown) -> AttachmentView:
        wanted = Wanted(ticket_id, part.position, Form.ORIGINAL, comment_id)
        view = self._view(part.sha256, part.bytes, part.received_at, wanted)
        return replace(view, name=part.name, label=part.name)

    def _view(self, sha256: str, size_bytes: int, received_at: datetime | None, wanted: Wanted) -> AttachmentView:
        is_here = received_at is not None and self._blobs.has(sha256, size_bytes)

        def token(form: Form) -> str:
            return self._links.token(replace(wanted, form=form))

        return AttachmentView(
            name="",
            label="",
            details=(),
            is_here=is_here,
            size=self._pictures.size(self._blobs.path(sha256)) if is_here else None,
            size_bytes=size_bytes,
            preview=token(Form.PREVIEW),
            picture=token(Form.PICTURE),
            original=token(Form.ORIGINAL),
        )


def _number(part: Attachment) -> int:
    return part.display.number if part.display else _LAST


def _label(part: Attachment, words: Words) -> str:
    if part.display is not None:
        return words.gettext("Display {number}").format(number=words.number(part.display.number))
    if part.kind is Kind.SCREENSHOT:
        return words.gettext("Screenshot")
    return cleaned(part.name) or words.gettext("Attachment")


def _details(part: Attachment, words: Words) -> tuple[str, ...]:
    details = _display_details(part.display, words) if part.display else []
    if part.taken_at is not None and part.kind is Kind.SCREENSHOT:
        details.append(words.gettext("taken at {time}").format(time=words.clock_time(part.taken_at)))
    return tuple(details)


def _display_details(display: Display, words: Words) -> list[str]:
    details = [cleaned(display.name)] if display.name else []
    details.append(f"{display.width} × {display.height}")
    details.append(words.percent(display.scale))
    if display.primary:
        details.append(words.gettext("main display"))
    return details
