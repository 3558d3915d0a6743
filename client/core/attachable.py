"""Whether a file can be attached to a report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from client.core.errors import DeskbellError, Problem
from client.core.picture import Picture
from client.core.words import _

MAX_BYTES = 25 * 1024 * 1024


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
