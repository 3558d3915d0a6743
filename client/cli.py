"""`deskbell report | outbox | doctor | settings`: the same core without a window. Starts without Qt.

Exit codes: 0 done · 1 a check failed, or nothing was there · 2 the command was not understood · 3 saved and waiting:
it is sent by itself · 4 a person must act · 5 not saved.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from client.core import words
from client.core.errors import ConfigError, DeskbellError, Problem
from client.core.manifest import MAX_TEXT
from client.core.paths import Paths, paths
from client.core.settings import TABLE, Settings, load, store
from client.core.words import _, ngettext

if TYPE_CHECKING:
    from client.core.draft import Draft
    from client.core.events import Event
    from client.core.models import Display, Receipt

DONE, FAILED, MISUSED, WAITING, ATTENTION, NOT_SAVED = range(6)


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code."""
    words.use(os.environ.get("DESKBELL_LANGUAGE"))
    options = _parser().parse_args(arguments)
    where = paths(options.profile)
    settings = load(where.machine_config, where.user_config)
    if settings.text("language"):
        words.use(settings.text("language"))
    try:
        code: int = options.run(options, where, settings)
    except OSError as error:
        problem = Problem("disk", _("Deskbell cannot keep anything on this PC"), str(error))
        _say_problem(problem, options.json)
        return FAILED
    return code


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
    commands = parser.add_subparsers(title=_("commands"), metavar=_("COMMAND"), required=True)
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
    report.set_defaults(run=_report)

    outbox = commands.add_parser("outbox", parents=[quiet], help=_("what is not sent yet"))
    outbox.add_argument("--send", action="store_true", help=_("try to send it now"))
    outbox.set_defaults(run=_outbox)

    doctor = commands.add_parser(
        "doctor", parents=[quiet], help=_("what works on this PC, and what to do where it does not")
    )
    doctor.set_defaults(run=_doctor)

    setting = commands.add_parser("settings", parents=[quiet], help=_("show or change settings"))
    setting.add_argument("name", nargs="?", choices=[row.name for row in TABLE], metavar=_("NAME"))
    setting.add_argument("value", nargs="?", metavar=_("VALUE"), help=_("the new value; empty takes yours back"))
    setting.set_defaults(run=_settings)
    return parser


@dataclass(slots=True)
class _Outcome:
    """Collects what the core tells about one report."""

    report_id: str = ""
    receipt: Receipt | None = None
    problem: Problem | None = None
    left_out: int = 0  # attachments that could not be read any more
    is_saved: bool = False
    code: int = WAITING

    def note(self, event: Event) -> None:
        from client.core import events

        if getattr(event, "report_id", None) != self.report_id:
            return
        match event:
            case events.PictureFailed():
                self.left_out += 1
            case events.Saved():
                self.is_saved = True
            case events.NotSaved(problem=problem):
                self.problem, self.code = problem, NOT_SAVED
            case events.Accepted(receipt=receipt):
                self.receipt = receipt
            case events.Delivered(receipt=receipt):
                self.receipt, self.problem, self.code = receipt, None, DONE
            case events.Waiting(problem=problem):
                self.problem = problem
            case events.NeedsAttention(problem=problem):
                self.problem, self.code = problem, ATTENTION


def _report(options: argparse.Namespace, where: Paths, settings: Settings) -> int:
    if len(options.text) > MAX_TEXT:
        problem = Problem("too_long", _("The text is too long"), _("It may have 20,000 characters. Attach it instead."))
        _say_problem(problem, options.json)
        return MISUSED
    if options.panel:
        from client.__main__ import tray

        return tray(str(options.profile) if options.profile else None, show_panel=True)
    import threading

    from client.assembly import assemble, inline, threaded

    outcome = _Outcome()
    ended = threading.Event()

    def on_event(event: Event) -> None:
        outcome.note(event)
        if outcome.code != WAITING:
            ended.set()

    lanes = threaded(_say_crash) if options.wait else inline()
    engine = assemble(where, settings, lanes, on_event)
    draft = engine.begin_new("cli")
    outcome.report_id = draft.report_id
    try:
        _fill(draft, options)
    except DeskbellError as error:
        draft.discard()
        _say_problem(error.problem, options.json)
        return MISUSED
    draft.submit()
    if options.wait:
        with suppress(KeyboardInterrupt):  # it is saved by then, and sent by itself later
            ended.wait()
    engine.close()
    _say_outcome(outcome, options.json)
    return outcome.code


def _fill(draft: Draft, options: argparse.Namespace) -> None:
    from client.assembly import CLIENT
    from client.system.facts import collectors
    from client.system.front_window import front_window

    front = front_window()
    displays: tuple[Display, ...] = ()
    if not options.no_screens:
        from client.capture import choose
        from client.capture.session import current

        shots = choose(current(os.environ, sys.platform), tuple).take()
        displays = tuple(shot.display for shot in shots)
        draft.add_shots(shots)
    for path in options.attach:
        draft.add_file(path)
    draft.set_words(options.text, options.category, options.blocking)
    draft.gather(collectors(front, displays, CLIENT))


def _say_crash(lane: str, error: BaseException) -> None:
    print(f"deskbell: {lane}: {error!r}", file=sys.stderr)


def _say_outcome(outcome: _Outcome, as_json: bool) -> None:
    receipt, problem = outcome.receipt, outcome.problem
    if as_json:
        _print_json(
            {
                "report_id": outcome.report_id,
                "saved": outcome.is_saved,
                "delivered": outcome.code == DONE,
                "left_out": outcome.left_out,
                "ticket": receipt.ticket_number if receipt else None,
                "problem": _problem_body(problem) if problem else None,
            }
        )
    elif outcome.code == DONE and receipt:
        print(_("Ticket {number} is with IT.").format(number=receipt.ticket_number))
    elif outcome.code == WAITING:
        print(_("Saved. Your report is safe on this PC and is sent by itself."))
        if problem:
            _say_problem(problem, False)
    elif outcome.code == NOT_SAVED and problem:
        # The problem's own words speak of a panel that is still open.
        print(
            _("{title}. Nothing was sent; please try again, or call IT.").format(title=problem.title), file=sys.stderr
        )
    elif problem:
        _say_problem(problem, as_json)
    if outcome.left_out and not as_json:
        text = ngettext(
            "{count} attachment could not be read.", "{count} attachments could not be read.", outcome.left_out
        )
        print(text.format(count=outcome.left_out), file=sys.stderr)


def _outbox(options: argparse.Namespace, where: Paths, settings: Settings) -> int:
    from client.assembly import assemble, inline
    from client.core.spool import Damaged

    engine = assemble(where, settings, inline(), lambda _event: None)
    if options.send:
        engine.send_now()
    rows: list[dict[str, object]] = []
    for report_id in engine.spool.waiting():
        try:
            report = engine.spool.load(report_id).report
            rows.append(
                {
                    "report_id": report_id,
                    "state": "waiting",
                    "created_at": report.created_at.isoformat(),
                    "text": report.text,
                }
            )
        except (Damaged, OSError):
            rows.append({"report_id": report_id, "state": "waiting", "created_at": None, "text": ""})
    for report_id in engine.spool.needing_attention():
        problem = engine.spool.problem(report_id)
        rows.append(
            {
                "report_id": report_id,
                "state": "attention",
                "problem": _problem_body(problem) if problem else None,
                "text": "",
            }
        )
    hold = engine.state().hold
    if options.json:
        _print_json({"reports": rows, "hold": _problem_body(hold) if hold else None})
    elif not rows:
        print(_("Nothing is waiting: everything is with IT."))
    for row in rows if not options.json else ():
        print(_line(row))
    if hold and not options.json:
        _say_problem(hold, False)
    if any(row["state"] == "attention" for row in rows):
        return ATTENTION
    return WAITING if rows else DONE


def _line(row: dict[str, object]) -> str:
    if row["state"] == "waiting":
        return _("{report_id}  not sent yet  {text}").format(report_id=row["report_id"], text=row["text"])
    problem = row.get("problem")
    title = problem["title"] if isinstance(problem, dict) else ""
    return _("{report_id}  needs attention  {reason}").format(report_id=row["report_id"], reason=title)


def _doctor(options: argparse.Namespace, where: Paths, settings: Settings) -> int:
    from client.doctor import examine

    checks = examine(where, settings)
    if options.json:
        _print_json({"checks": [{"key": c.key, "ok": c.is_ok, "state": c.state, "advice": c.advice} for c in checks]})
    else:
        for check in checks:
            print("✓" if check.is_ok else "✗", f"{check.label}: {check.state}")
            if check.advice:
                print(f"  {check.advice}")
    return DONE if all(check.is_ok for check in checks) else FAILED


def _settings(options: argparse.Namespace, where: Paths, settings: Settings) -> int:
    if options.value is not None:
        try:
            store(where.user_config, options.name, options.value, settings)
        except ConfigError as error:
            _say_problem(error.problem, options.json)
            return MISUSED
        settings = load(where.machine_config, where.user_config)
    rows = [row for row in TABLE if options.name in (None, row.name)]
    if options.json:
        _print_json(
            {
                "settings": {
                    row.name: {
                        "value": settings.values[row.name],
                        "source": settings.sources[row.name].value,
                        "locked": settings.is_locked(row.name),
                        "help": _(row.help),
                    }
                    for row in rows
                },
                "problems": [_problem_body(problem) for problem in settings.problems],
            }
        )
        return DONE
    for row in rows:
        value = settings.values[row.name]
        shown = ", ".join(value) if isinstance(value, tuple) else value
        managed = _("managed by your organisation") if settings.is_locked(row.name) else ""
        print(f"{row.name:10} {shown or '–'}  {managed}".rstrip())
        print(f"           {_(row.help)}")
    for problem in settings.problems:
        _say_problem(problem, False)
    return DONE


def _say_problem(problem: Problem, as_json: bool) -> None:
    if as_json:
        _print_json({"problem": _problem_body(problem)})
    else:
        print(_("{title}. {detail}").format(title=problem.title, detail=problem.detail), file=sys.stderr)


def _problem_body(problem: Problem) -> dict[str, str]:
    return {"code": problem.code, "title": problem.title, "detail": problem.detail}


def _print_json(body: object) -> None:
    print(json.dumps(body, ensure_ascii=False, indent=2))
