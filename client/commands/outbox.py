"""`deskbell outbox`: what is not sent yet."""

from __future__ import annotations

import argparse
from contextlib import suppress

from client.assembly import assemble, inline
from client.commands import ATTENTION, DONE, WAITING
from client.commands.printing import print_json, problem_body, say_problem
from client.core.entry import Damaged
from client.core.models import Operation
from client.core.paths import Paths
from client.core.settings import Settings
from client.core.words import _


def run(options: argparse.Namespace, where: Paths, settings: Settings) -> int:
    engine = assemble(where, settings, inline(), lambda _event: None)
    if options.send:
        engine.send_now()
    rows: list[dict[str, object]] = []
    for entry_id in engine.spool.waiting():
        row: dict[str, object] = {"report_id": entry_id, "state": "waiting", "created_at": None, "text": ""}
        with suppress(Damaged, OSError):
            content = engine.spool.load(entry_id).content
            row |= {"created_at": content.created_at.isoformat(), "text": content.text}
            if isinstance(content, Operation):
                row |= {"kind": content.kind.value, "of": content.report_id}
        rows.append(row)
    for report_id in engine.spool.needing_attention():
        problem = engine.spool.problem(report_id)
        rows.append(
            {
                "report_id": report_id,
                "state": "attention",
                "problem": problem_body(problem) if problem else None,
                "text": "",
            }
        )
    hold = engine.state().hold
    if options.json:
        print_json({"reports": rows, "hold": problem_body(hold) if hold else None})
    elif not rows:
        print(_("Nothing is waiting: everything is with IT."))
    for row in rows if not options.json else ():
        print(_line(row))
    if hold and not options.json:
        say_problem(hold, as_json=False)
    if any(row["state"] == "attention" for row in rows):
        return ATTENTION
    return WAITING if rows else DONE


def _line(row: dict[str, object]) -> str:
    if row["state"] == "waiting":
        return _("{report_id}  not sent yet  {text}").format(report_id=row["report_id"], text=row["text"])
    problem = row.get("problem")
    title = problem["title"] if isinstance(problem, dict) else ""
    return _("{report_id}  needs attention  {reason}").format(report_id=row["report_id"], reason=title)
