"""What of a ticket is worth telling: what others did to it. Never what the user did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from client.core.events import Notice, NoticeKind
from client.core.models import Status, Ticket

_KINDS = {
    "taken": NoticeKind.PICKED_UP,
    "assigned": NoticeKind.PICKED_UP,
    "asked": NoticeKind.WAITING_FOR_YOU,
    "solved": NoticeKind.SOLVED,
}
# In these states it is still so; in others something happened since that makes telling it wrong.
_HOLDS = {
    NoticeKind.PICKED_UP: (Status.OPEN, Status.PENDING, Status.SOLVED),
    NoticeKind.WAITING_FOR_YOU: (Status.PENDING,),
    NoticeKind.SOLVED: (Status.SOLVED, Status.CLOSED),
    NoticeKind.ANSWERED: tuple(Status),
}


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened; `key` names it for ever, `at` is the desk's time."""

    key: str
    ticket_id: str
    kind: NoticeKind
    at: datetime


def news_of(ticket: Ticket) -> Iterator[News]:
    """All that others did to a ticket, whether it was told or not."""
    for comment in ticket.comments:
        if not comment.author.is_me:
            yield News(f"{ticket.id}/comment/{comment.id}", ticket.id, NoticeKind.ANSWERED, comment.at)
    for event in ticket.events:
        if event.kind in _KINDS and not (event.by and event.by.is_me):
            yield News(f"{ticket.id}/event/{event.id}", ticket.id, _KINDS[event.kind], event.at)


def notice_of(ticket: Ticket, news: Sequence[News]) -> Notice | None:
    """One notice of all that is new on a ticket; None where none of it is so any more.

    It is of the most urgent kind; the comment is the last of those that are new.
    """
    holding = [each for each in news if ticket.status in _HOLDS[each.kind]]
    if not holding:
        return None
    keys = {each.key for each in news}
    comments = [each for each in ticket.comments if f"{ticket.id}/comment/{each.id}" in keys]
    return Notice(
        kind=min((each.kind for each in holding), key=list(NoticeKind).index),
        keys=tuple((each.key, each.at) for each in news),
        ticket=ticket,
        comment=max(comments, key=lambda each: each.at, default=None),
    )
