"""What comes of one report or operation that a command makes."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from client.assembly import Lanes, inline, threaded
from client.commands import ATTENTION, DONE, NOT_SAVED, WAITING
from client.commands.printing import note_crash
from client.core import events
from client.core.paths import Paths

if TYPE_CHECKING:
    from client.core.errors import Problem
    from client.core.models import Receipt


def lanes_for(where: Paths, *, waits: bool) -> Lanes:
    """Everything at once and in order; or, for a command that waits for the end of it, as in a program with windows."""
    return threaded(partial(note_crash, where.log), listens=False) if waits else inline()


class Outcome:
    """Collects what the core tells about one entry; `note` is its listener. `code` is the exit code."""

    def __init__(self, entry_id: str = "") -> None:
        self.entry_id = entry_id
        self.receipt: Receipt | None = None
        self.problem: Problem | None = None
        self.left_out = 0  # attachments that could not be read any more
        self.is_saved = False
        self.code = WAITING
        self._ended = threading.Event()

    def wait(self) -> None:
        """Until it is delivered, or a person must act."""
        with suppress(KeyboardInterrupt):  # it is saved by then, and sent by itself later
            self._ended.wait()

    def note(self, event: events.Event) -> None:
        if getattr(event, "report_id", None) != self.entry_id:
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
        if self.code != WAITING:
            self._ended.set()
