"""Why a report, or what was done to a ticket, could not be saved, in words."""

from __future__ import annotations

import errno

from client.core.errors import Problem
from client.core.words import _

_FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def text_too_long() -> Problem:
    return Problem("too_long", _("The text is too long"), _("It may have 20,000 characters. Attach it instead."))


def nothing_said() -> Problem:
    return Problem("empty", _("There is nothing to send yet"), _("Write a word, or add a picture or an attachment."))


def save_problem(error: Exception) -> Problem:
    """What happened and what the user can do; the report is still in the panel."""
    number = error.errno if isinstance(error, OSError) else None
    if number in _FULL:
        return Problem(
            "disk_full",
            _("This PC’s disk is full, so your report is not saved yet"),
            _("Everything you wrote is still here. Delete something, then press Send again, or call IT."),
        )
    if number in _FORBIDDEN:
        return Problem(
            "read_only",
            _("This PC does not let Deskbell save anything"),
            _("Everything you wrote is still here. Please call IT."),
        )
    return Problem(
        "not_saved",
        _("Your report could not be saved on this PC"),
        _("Everything you wrote is still here. Press Send again, or call IT. ({reason})").format(
            reason=(error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        ),
    )
