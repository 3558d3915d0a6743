"""The conversation on the page of a ticket: what was said, with its pictures, and what happened, in whole sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from server_stub.life import EventKind
from server_stub.store.history import Happened, Said, Shown
from server_stub.words import N_, Words

# By an agent, by the requester, and by itself. What has no sentence shows in a comment already.
_SENTENCES = {
    (EventKind.FILED, "requester"): N_("Reported."),
    (EventKind.TAKEN, "agent"): N_("{name} took the ticket."),
    (EventKind.ASSIGNED, "agent"): N_("{name} gave the ticket to {text}."),
    (EventKind.ASSIGNED, "nobody"): N_("The ticket went to {text}, who had the one before."),
    (EventKind.ASKED, "agent"): N_("{name} asked back and waits for the requester."),
    (EventKind.SOLVED, "agent"): N_("{name} solved it."),
    (EventKind.REOPENED, "agent"): N_("{name} reopened it."),
    (EventKind.REOPENED, "requester"): N_("The requester says that it is still broken."),
    (EventKind.CLOSED, "requester"): N_("The requester says that it works now."),
    (EventKind.CLOSED, "nobody"): N_("Closed, since the requester said nothing more."),
    (EventKind.WITHDRAWN, "requester"): N_("The requester says that it went away."),
    (EventKind.RATED, "requester"): N_("The requester rated it."),
    (EventKind.CONTINUED, "requester"): N_("It goes on in ticket {text}."),
}
_IN_SENTENCE = (EventKind.ASSIGNED, EventKind.CONTINUED)


@dataclass(frozen=True, slots=True)
class SaidView:
    """A comment. `author` is empty where the requester wrote it."""

    is_said = True
    at: datetime
    author: str
    text: str
    is_internal: bool
    is_thanks: bool
    attachments: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class EventView:
    """An event, with what was said along with it."""

    is_said = False
    at: datetime
    sentence: str
    text: str


def views(
    history: tuple[Said | Happened, ...], words: Words, draw: Callable[[str, Shown], object]
) -> Iterator[SaidView | EventView]:
    """The conversation in its order. `draw` makes an attachment of a comment visible, by the comment's id."""
    for each in history:
        if isinstance(each, Said):
            attachments = tuple(draw(each.id, part) for part in each.attachments)
            author = each.agent_name or ""
            yield SaidView(each.at, author, each.text, each.is_internal, each.is_thanks, attachments)
        elif sentence := _sentence(each, words):
            yield EventView(each.at, sentence, "" if each.kind in _IN_SENTENCE else each.text)


def _sentence(happened: Happened, words: Words) -> str:
    by = "agent" if happened.agent_name is not None else "requester" if happened.is_requester else "nobody"
    template = _SENTENCES.get((EventKind(happened.kind), by), "")
    return words.gettext(template).format(name=happened.agent_name, text=happened.text)
