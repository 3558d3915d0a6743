"""Whether a file can be attached to a report."""

from __future__ import annotations

import errno
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from client.core.errors import DeskbellError, Problem
from client.core.picture import Picture
from client.core.words import _

MAX_BYTES = 25 * 1024 * 1024
_UNHELD = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a pipe in its place holds nobody up


def attachable(path: Path, *, room: int) -> Picture:
    """The file as an attachment whose bytes are not read yet, where there is `room` for more attachments.

    Raises DeskbellError, in words, where it cannot be read, is too large or one too many.
    """
    problem = _("“{name}” cannot be attached").format(name=path.name)
    try:
        if not path.is_file():
            raise DeskbellError(Problem("no_file", problem, _("It is not a file that can be read.")))
        if path.stat().st_size > MAX_BYTES:
            raise DeskbellError(Problem("too_large", problem, _("It is larger than 25 MB.")))
        path.open("rb").close()
    except OSError as error:
        raise DeskbellError(Problem("unreadable", problem, error.strerror or str(error))) from error
    if room < 1:
        raise DeskbellError(Problem("too_many", problem, _("A report holds 40 attachments at most.")))
    import mimetypes

    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Picture(id=0, name=path.name, taken_at=datetime.now(UTC), media_type=media_type)


def read(path: Path) -> bytes:
    """The bytes of what was attachable a moment ago. Raises OSError where it has become too large or no file."""
    with os.fdopen(os.open(path, os.O_RDONLY | _UNHELD), "rb") as source:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        data = source.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return data
