"""`deskbell tickets`: what became of reports. `deskbell show NUMBER`: one of them, with all that was said and done."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from typing import TYPE_CHECKING

from client.assembly import assemble, inline
from client.commands import DONE, FAILED
from client.commands.printing import print_json, problem_body, say_problem
from client.core import faults
from client.core.errors import DeskError, Problem
from client.core.models import Comment, Operation, Report, Ticket, TicketEvent
from client.core.paths import Paths
from client.core.settings import Settings
from client.core.tickets.listing import Conversation, Line, Queued, Sending
from client.core.tickets.sentences import sentence
from client.core.tickets.states import State
from client.core.words import _

if TYPE_CHECKING:
    from client.core.engine import Engine

_MOST = 10_000
_OPEN = tuple(state for state in State if state is not State.CLOSED)


def run(options: argparse.Namespace, where: Paths, settings: Settings) -> int:
    engine = assemble(where, settings, inline(), lambda _event: None)
    problem = sync(engine)
    lines = engine.tickets.page(states=() if options.all else _OPEN, limit=_MOST)
    engine.close()
    if options.json:
        told = problem_body(problem) if problem else None
        print_json({"tickets": [_line_body(line) for line in lines], "problem": told})
        return DONE
    if not lines:
        print(_("There are no tickets.") if options.all else _("There are no open tickets."))
    for line in lines:
        print(_line_text(line))
    if problem:
        say_as_last_known(problem)
    return DONE


def show(options: argparse.Namespace, where: Paths, settings: Settings) -> int:
    engine = assemble(where, settings, inline(), lambda _event: None)
    problem = sync(engine)
    ticket_id = engine.tickets.id_of(options.number)
    found = engine.tickets.conversation(ticket_id) if ticket_id else None
    if ticket_id and found:
        engine.tickets.mark_read(ticket_id)
    engine.close()
    if found is None:
        say_problem(problem or no_such_ticket(options.number), as_json=options.json)
        return FAILED
    if options.json:
        print_json(_conversation_body(found) | {"problem": problem_body(problem) if problem else None})
        return DONE
    _print(found, options.number)
    if problem:
        say_as_last_known(problem)
    return DONE


def sync(engine: Engine) -> Problem | None:
    """Hear from the desk what changed, where there is a ticket at all; why that did not work out."""
    if not engine.spool.has_sent():
        return None
    try:
        engine.sync()
    except DeskError as error:
        return error.problem
    except OSError as error:
        return faults.local_trouble(error)
    return None


def no_such_ticket(number: int) -> Problem:
    title = _("There is no ticket {number} of yours on this PC").format(number=number)
    return Problem("no_such_ticket", title, _("“deskbell tickets --all” lists those there are."))


def say_as_last_known(problem: Problem) -> None:
    print(_("This is as last known: {reason}.").format(reason=problem.title), file=sys.stderr)


def _line_text(line: Line) -> str:
    number = str(line.number) if line.number is not None else "–"
    mark = "•" if line.is_unread else " "
    text = f"{number:>6} {mark} {line.state.words:20} {line.headline[:80]}"
    notes = [line.agent] if line.agent else []
    notes += [_queued_words(each) for each in line.queued if line.number is not None or each.problem]
    return f"{text}  ({', '.join(notes)})" if notes else text.rstrip()


def _queued_words(queued: Queued) -> str:
    if queued.sending is Sending.ATTENTION:
        return _("needs attention: {reason}").format(reason=queued.problem.title if queued.problem else "?")
    return _("a part is not sent yet") if queued.sending is Sending.WAITING else _("sent")


def _print(found: Conversation, number: int) -> None:
    ticket = found.ticket
    print(_("Ticket {number}: {state}").format(number=number, state=found.state.words))
    if ticket is None:
        print(next((each.content.text for each in found.queued if isinstance(each.content, Report)), ""))
    else:
        print(ticket.text)
        if ticket.closes_at:
            print(_("Closes by itself on {day}, unless you say otherwise.").format(day=f"{ticket.closes_at:%Y-%m-%d}"))
        for at, line in _history(ticket):
            print(f"\n{at.astimezone():%Y-%m-%d %H:%M}  {line}")
    for each in found.queued:
        if isinstance(each.content, Operation):
            print(f"\n{_queued_words(each)}  {_operation_words(each.content)}")


def _history(ticket: Ticket) -> list[tuple[datetime, str]]:
    """What was said and done, the oldest first."""
    said = [(comment.at, _said(comment)) for comment in ticket.comments]
    did = [(event.at, words) for event in ticket.events if (words := sentence(event))]
    return sorted((*did, *said), key=lambda one: one[0])


def _said(comment: Comment) -> str:
    name = _("You") if comment.author.is_me else comment.author.name
    names = ", ".join(part.name for part in comment.attachments)
    return f"{name}: {comment.text}" + (f" [{names}]" if names else "")


def _operation_words(operation: Operation) -> str:
    return " ".join(filter(None, (operation.kind.value, str(operation.stars or ""), operation.text)))


def _line_body(line: Line) -> dict[str, object]:
    return {
        "id": line.id,
        "number": line.number,
        "state": line.state.value,
        "text": line.headline,
        "agent": line.agent,
        "changed_at": line.changed_at.isoformat() if line.changed_at else None,
        "unread": line.is_unread,
        "queued": [_queued_body(each) for each in line.queued],
    }


def _queued_body(queued: Queued) -> dict[str, object]:
    content = queued.content
    return {
        "id": queued.id,
        "kind": content.kind.value if isinstance(content, Operation) else "report",
        "text": content.text if content else "",
        "state": queued.sending.value,
        "problem": problem_body(queued.problem) if queued.problem else None,
    }


def _conversation_body(found: Conversation) -> dict[str, object]:
    body: dict[str, object] = {"id": found.id, "state": found.state.value, "ticket": None}
    if found.ticket:
        body["ticket"] = _ticket_body(found.ticket)
    return body | {"queued": [_queued_body(each) for each in found.queued]}


def _ticket_body(ticket: Ticket) -> dict[str, object]:
    return {
        "number": ticket.number,
        "status": ticket.status.value,
        "text": ticket.text,
        "agent": ticket.agent,
        "created_at": ticket.created_at.isoformat(),
        "updated_at": ticket.updated_at.isoformat(),
        "closes_at": ticket.closes_at.isoformat() if ticket.closes_at else None,
        "links": [link.number for link in ticket.links],
        "rating": {"stars": ticket.rating.stars, "text": ticket.rating.text} if ticket.rating else None,
        "comments": [_comment_body(comment) for comment in ticket.comments],
        "events": [_event_body(event) for event in ticket.events],
    }


def _comment_body(comment: Comment) -> dict[str, object]:
    return {
        "at": comment.at.isoformat(),
        "by": comment.author.name,
        "is_me": comment.author.is_me,
        "text": comment.text,
        "attachments": [part.name for part in comment.attachments],
    }


def _event_body(event: TicketEvent) -> dict[str, object]:
    by = event.by.name if event.by else None
    return {"at": event.at.isoformat(), "kind": event.kind, "by": by, "text": event.text}
