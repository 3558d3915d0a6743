"""Tickets as a desk tells them, for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from client.core.models import Comment, Person, Status, Ticket, TicketEvent

AT = datetime(2026, 11, 23, 9, 41, 7, tzinfo=UTC)
BO = Person("Bo Lind")
ME = Person("Anna Kern", is_me=True)


def ticket(number: int = 1, text: str = "printer jams", status: Status = Status.NEW, ticket_id: str = "") -> Ticket:
    at = AT + timedelta(seconds=number)
    named = ticket_id or f"6f1c2d3e-0000-4000-8000-{number:012d}"
    return Ticket(named, number, status, text, None, blocking=False, created_at=at, updated_at=at)


def answered(
    one: Ticket, text: str = "Which printer?", comment_id: str = "c1", by: Person = BO, after_s: float = 60
) -> Ticket:
    """The ticket after a comment."""
    at = one.updated_at + timedelta(seconds=after_s)
    return replace(one, updated_at=at, comments=(*one.comments, Comment(comment_id, at, by, text)))


def done(one: Ticket, kind: str, status: Status, by: Person | None = BO, after_s: float = 60) -> Ticket:
    """The ticket after an event, which has a name of its own."""
    at = one.updated_at + timedelta(seconds=after_s)
    event = TicketEvent(f"e{len(one.events) + 1}", at, kind, by)
    return replace(one, updated_at=at, status=status, agent="Bo Lind", events=(*one.events, event))
