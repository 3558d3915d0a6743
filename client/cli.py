"""`deskbell report | tickets | show | reply | …`: the same core without a window. Starts without Qt.

Exit codes: 0 done · 1 a check failed, or there is no such ticket · 2 the command was not understood · 3 saved and
waiting: it is sent by itself · 4 a person must act · 5 not saved.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path

from client import __version__
from client.commands import FAILED
from client.commands.printing import note_crash, say_problem
from client.core import words
from client.core.errors import Problem
from client.core.paths import Paths, paths
from client.core.settings import TABLE, Settings, load
from client.core.words import _

Command = Callable[[argparse.Namespace, Paths, Settings], int]


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a letter that the terminal lacks is no reason to say nothing
    words.use(os.environ.get("DESKBELL_LANGUAGE"))
    options = _parser().parse_args(arguments)
    where = paths(options.profile)
    settings = load(where.machine_config, where.user_config)
    if settings.text("language"):
        words.use(settings.text("language"))
    try:
        return _command(options.command)(options, where, settings)
    except OSError as error:
        problem = Problem("disk", _("Deskbell cannot keep anything on this PC"), str(error))
        say_problem(problem, as_json=options.json)
        return FAILED
    except Exception as error:
        note_crash(where.log, options.command, error)
        return FAILED


def _command(name: str) -> Command:
    """Each imports what it needs, so only the one that runs is loaded."""
    match name:
        case "report":
            from client.commands import report

            return report.run
        case "tickets":
            from client.commands import tickets

            return tickets.run
        case "show":
            from client.commands import tickets

            return tickets.show
        case "reply" | "solved" | "reopen" | "rate":
            from client.commands import act

            return act.run
        case "outbox":
            from client.commands import outbox

            return outbox.run
        case "doctor":
            from client.commands import doctor

            return doctor.run
        case "displays":
            from client.commands import displays

            return displays.run
        case _:
            from client.commands import settings

            return settings.run


def _category(text: str) -> str:
    if len(text) > 40 or not text.isprintable():
        raise argparse.ArgumentTypeError(_("a word of at most 40 letters"))
    return text


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--profile", type=Path, metavar=_("DIR"), help=_("keep everything in this folder"))
    common.add_argument("--json", action="store_true", help=_("print JSON, for programs"))
    parser = argparse.ArgumentParser(
        prog="deskbell",
        parents=[common],
        description=_("Report a problem to IT. Without a command: the icon in the tray."),
        epilog=_(
            "Exit codes: 0 done, 1 a check failed, 2 not understood, 3 saved and sent later by itself, "
            "4 a person must act, 5 not saved."
        ),
    )
    parser.add_argument("--version", action="version", version=f"deskbell {__version__}")
    commands = parser.add_subparsers(title=_("commands"), metavar=_("COMMAND"), dest="command", required=True)
    # A sub-command's own default must not undo what stands before it: deskbell --profile DIR report
    quiet = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    quiet.add_argument("--profile", type=Path, metavar=_("DIR"), help=_("keep everything in this folder"))
    quiet.add_argument("--json", action="store_true", help=_("print JSON, for programs"))

    report = commands.add_parser("report", parents=[quiet], help=_("report a problem"))
    report.add_argument(
        "text", nargs="?", default="", metavar=_("TEXT"), help=_("what is going wrong; may be left out")
    )
    report.add_argument("--category", type=_category, help=_("such as app, slow, signin, printer, network, other"))
    report.add_argument("--blocking", action="store_true", help=_("I can’t work until this is fixed"))
    report.add_argument("--no-screens", action="store_true", help=_("take no screenshots"))
    report.add_argument(
        "--attach", type=Path, action="append", default=[], metavar=_("FILE"), help=_("attach a copy of it")
    )
    report.add_argument("--wait", action="store_true", help=_("come back only when IT has it, or a person must act"))
    report.add_argument("--panel", action="store_true", help=_("open the panel instead"))

    _add_tickets(commands, quiet)

    outbox = commands.add_parser("outbox", parents=[quiet], help=_("what is not sent yet"))
    outbox.add_argument("--send", action="store_true", help=_("try to send it now"))

    commands.add_parser("doctor", parents=[quiet], help=_("what works on this PC, and what to do where it does not"))

    commands.add_parser("displays", parents=[quiet])  # for `report`, so without a line in the list

    setting = commands.add_parser("settings", parents=[quiet], help=_("show or change settings"))
    setting.add_argument("name", nargs="?", choices=[row.name for row in TABLE], metavar=_("NAME"))
    setting.add_argument("value", nargs="?", metavar=_("VALUE"), help=_("the new value; empty takes yours back"))
    return parser


def _add_tickets(commands: argparse._SubParsersAction[argparse.ArgumentParser], quiet: argparse.ArgumentParser) -> None:
    tickets = commands.add_parser("tickets", parents=[quiet], help=_("what became of your reports"))
    tickets.add_argument("--all", action="store_true", help=_("closed ones, too"))

    show = commands.add_parser("show", parents=[quiet], help=_("one ticket, with all that was said and done"))
    show.add_argument("number", type=int, metavar=_("NUMBER"))

    waiting = argparse.ArgumentParser(add_help=False)
    waiting.add_argument("number", type=int, metavar=_("NUMBER"))
    waiting.add_argument("--wait", action="store_true", help=_("come back only when IT has it, or a person must act"))
    waiting.set_defaults(text="", stars=None, attach=[])
    both = [quiet, waiting]

    reply = commands.add_parser("reply", parents=both, help=_("say something on a ticket"))
    reply.add_argument("text", metavar=_("TEXT"))
    reply.add_argument(
        "--attach", type=Path, action="append", default=[], metavar=_("FILE"), help=_("attach a copy of it")
    )

    commands.add_parser("solved", parents=both, help=_("it works now: close a ticket"))

    reopen = commands.add_parser("reopen", parents=both, help=_("still broken: open a ticket again"))
    reopen.add_argument("text", nargs="?", default="", metavar=_("TEXT"), help=_("what is still broken"))

    rate = commands.add_parser("rate", parents=both, help=_("say how well a ticket was dealt with"))
    rate.add_argument("stars", type=int, choices=range(1, 6), metavar=_("STARS"), help=_("1 to 5"))
    rate.add_argument("text", nargs="?", default="", metavar=_("TEXT"))
