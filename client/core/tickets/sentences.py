"""What was done to a ticket, in words."""

from __future__ import annotations

from collections.abc import Mapping

from client.core.models import TicketEvent
from client.core.words import N_, _

# By the kind of the event: done by the user, by somebody else, by the desk itself. An answer speaks for itself.
_SENTENCES: Mapping[str, tuple[str, str, str]] = {
    "filed": (N_("Sent to IT"), N_("{name} sent it to IT for you"), N_("Sent to IT")),
    "taken": (N_("You have it now"), N_("{name} has it now"), N_("IT has it now")),
    "assigned": (N_("You have it now"), N_("{name} passed it on within IT"), N_("Passed on within IT")),
    "asked": (N_("You asked"), N_("{name} waits for your answer"), N_("IT waits for your answer")),
    "solved": (N_("You solved it"), N_("{name} solved it"), N_("Solved")),
    "reopened": (N_("You said that it is still broken"), N_("{name} opened it again"), N_("Opened again")),
    "closed": (N_("You said that it works now"), N_("{name} closed it"), N_("Closed, since nobody said otherwise")),
    "withdrawn": (N_("You said that it went away"), N_("{name} withdrew it"), N_("Withdrawn")),
    "rated": (N_("You rated it"), N_("{name} rated it"), N_("Rated")),
    "merged": (
        N_("You joined it with another ticket"),
        N_("{name} joined it with another ticket"),
        N_("Joined with another ticket"),
    ),
    "continued": (N_("It goes on in another ticket"),) * 3,
}


def sentence(event: TicketEvent) -> str | None:
    """One line, with what was said along with it; None for what needs no words, or what this version does not know."""
    if event.kind not in _SENTENCES:
        return None
    mine, others, its_own = _SENTENCES[event.kind]
    done = _(mine if event.by.is_me else others).format(name=event.by.name) if event.by else _(its_own)
    return f"{done}: {event.text}" if event.text else done
