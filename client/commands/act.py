"""`deskbell reply | solved | reopen | rate`: do something to a ticket, without a window."""

from __future__ import annotations

import argparse
import sys

from client.assembly import assemble
from client.commands import DONE, FAILED, MISUSED, NOT_SAVED, WAITING
from client.commands.outcome import Outcome, lanes_for
from client.commands.printing import print_json, problem_body, say_problem
from client.commands.tickets import no_such_ticket, sync
from client.core.errors import DeskbellError
from client.core.manifest import new_report_id
from client.core.models import OperationKind, Status
from client.core.paths import Paths
from client.core.settings import Settings
from client.core.tickets.states import STATE_OF
from client.core.words import _

_KINDS = {
    "reply": OperationKind.COMMENT,
    "solved": OperationKind.SOLVED,
    "reopen": OperationKind.REOPEN,
    "rate": OperationKind.RATING,
}
_MISUSED = ("empty", "too_long")


def run(options: argparse.Namespace, where: Paths, settings: Settings) -> int:
    outcome = Outcome(new_report_id())
    engine = assemble(where, settings, lanes_for(where, waits=options.wait), outcome.note)
    problem = None
    ticket_id = engine.tickets.id_of(options.number)
    if ticket_id is None:  # made elsewhere, such as the one that another goes on in
        problem = sync(engine)
        ticket_id = engine.tickets.id_of(options.number)
    if ticket_id is None:
        engine.close()
        say_problem(problem or no_such_ticket(options.number), as_json=options.json)
        return FAILED
    try:
        engine.operations.do(
            ticket_id,
            _KINDS[options.command],
            text=options.text,
            stars=options.stars,
            enclosed=options.attach,
            operation_id=outcome.entry_id,
        )
        if options.wait:
            outcome.wait()
    except DeskbellError as error:
        say_problem(error.problem, as_json=options.json)
        return MISUSED
    finally:
        engine.close()
    if outcome.problem and outcome.problem.code in _MISUSED:
        say_problem(outcome.problem, as_json=options.json)
        return MISUSED
    _say(outcome, options)
    return outcome.code


def _say(outcome: Outcome, options: argparse.Namespace) -> None:
    receipt, problem = outcome.receipt, outcome.problem
    if options.json:
        print_json(
            {
                "operation_id": outcome.entry_id,
                "saved": outcome.is_saved,
                "delivered": outcome.code == DONE,
                "ticket": receipt.ticket_number if receipt else options.number,
                "status": receipt.status if receipt else None,
                "problem": problem_body(problem) if problem else None,
            }
        )
    elif outcome.code == DONE and receipt:
        state = STATE_OF[Status(receipt.status)].words
        print(_("IT has it. Ticket {number}: {state}").format(number=receipt.ticket_number, state=state))
        if receipt.ticket_number != options.number:
            print(_("Ticket {number} was closed too long ago, so a new one goes on.").format(number=options.number))
    elif outcome.code == WAITING:
        print(_("Saved. It is safe on this PC and is sent by itself."))
        if problem:
            say_problem(problem, as_json=False)
    elif outcome.code == NOT_SAVED and problem:
        # The problem's own words speak of a window that is still open.
        print(
            _("{title}. Nothing was sent; please try again, or call IT.").format(title=problem.title), file=sys.stderr
        )
    elif problem:
        say_problem(problem, as_json=False)
