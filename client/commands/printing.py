"""What commands print: words for people on the error output, JSON for programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from client.core.errors import Problem
from client.core.words import _


def say_problem(problem: Problem, *, as_json: bool) -> None:
    if as_json:
        print_json({"problem": problem_body(problem)})
    else:
        print(_("{title}. {detail}").format(title=problem.title, detail=problem.detail), file=sys.stderr)


def note_crash(log: Path, source: str, error: BaseException) -> None:
    """Say what kind of fault of the program it was, and write down where; its words may quote a report."""
    from client import crash_log

    crash_log.write(log, source, error)
    print(f"deskbell: {source}: {type(error).__name__} ({log / crash_log.NAME})", file=sys.stderr)


def problem_body(problem: Problem) -> dict[str, str]:
    return {"code": problem.code, "title": problem.title, "detail": problem.detail}


def print_json(body: object) -> None:
    print(json.dumps(body, ensure_ascii=False, indent=2))
