"""`deskbell report`: a report without a window."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from client.assembly import CLIENT, assemble
from client.commands import DONE, MISUSED, NOT_SAVED, WAITING
from client.commands.outcome import Outcome, lanes_for
from client.commands.printing import print_json, problem_body, say_problem
from client.core.errors import DeskbellError, Problem
from client.core.manifest import MAX_TEXT
from client.core.paths import Paths
from client.core.settings import Settings
from client.core.words import _, ngettext

if TYPE_CHECKING:
    from client.core.draft import Draft
    from client.core.models import Display, Shot


def run(options: argparse.Namespace, where: Paths, settings: Settings) -> int:
    if len(options.text) > MAX_TEXT:
        problem = Problem("too_long", _("The text is too long"), _("It may have 20,000 characters. Attach it instead."))
        say_problem(problem, as_json=options.json)
        return MISUSED
    if options.panel:
        from client.__main__ import tray

        return tray(str(options.profile) if options.profile else None, show_panel=True)

    outcome = Outcome()
    engine = assemble(where, settings, lanes_for(where, waits=options.wait), outcome.note)
    draft = engine.begin_new("cli")
    outcome.entry_id = draft.report_id
    try:
        _fill(draft, options)
    except DeskbellError as error:
        draft.discard()
        say_problem(error.problem, as_json=options.json)
        return MISUSED
    draft.submit()
    if options.wait:
        outcome.wait()
    engine.close()
    _say_outcome(outcome, options.json)
    return outcome.code


def _fill(draft: Draft, options: argparse.Namespace) -> None:
    from client.system.facts import collectors
    from client.system.front_window import front_window

    front = front_window()
    displays: tuple[Display, ...] = ()
    if not options.no_screens:
        shots = _shots()
        displays = tuple(shot.display for shot in shots)
        draft.add_shots(shots)
    for path in options.attach:
        draft.add_file(path)
    draft.set_words(options.text, options.category, options.blocking)
    draft.gather(collectors(front, displays, CLIENT))


def _shots() -> tuple[Shot, ...]:
    from client.capture import choose
    from client.capture.asked import ask_displays
    from client.capture.session import Session, current

    session = current(os.environ, sys.platform)
    # The frame buffer knows its displays; elsewhere only the desktop does.
    known = () if session in (Session.X11, Session.WINDOWS) else ask_displays()
    if session is not Session.MACOS or not known:
        return choose(session, lambda: known).take()
    from PySide6.QtGui import QGuiApplication

    application = QGuiApplication(["deskbell"])  # it has just been seen to start
    shots = choose(session, lambda: known).take()
    del application
    return shots


def _say_outcome(outcome: Outcome, as_json: bool) -> None:
    receipt, problem = outcome.receipt, outcome.problem
    if as_json:
        print_json(
            {
                "report_id": outcome.entry_id,
                "saved": outcome.is_saved,
                "delivered": outcome.code == DONE,
                "left_out": outcome.left_out,
                "ticket": receipt.ticket_number if receipt else None,
                "problem": problem_body(problem) if problem else None,
            }
        )
    elif outcome.code == DONE and receipt:
        print(_("Ticket {number} is with IT.").format(number=receipt.ticket_number))
    elif outcome.code == WAITING:
        print(_("Saved. Your report is safe on this PC and is sent by itself."))
        if problem:
            say_problem(problem, as_json=False)
    elif outcome.code == NOT_SAVED and problem:
        # The problem's own words speak of a panel that is still open.
        print(
            _("{title}. Nothing was sent; please try again, or call IT.").format(title=problem.title), file=sys.stderr
        )
    elif problem:
        say_problem(problem, as_json=as_json)
    if outcome.left_out and not as_json:
        text = ngettext(
            "{count} attachment could not be read.", "{count} attachments could not be read.", outcome.left_out
        )
        print(text.format(count=outcome.left_out), file=sys.stderr)
