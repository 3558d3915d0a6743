"""Where faults of the program itself are written: what went wrong and where, never what a report says."""

from __future__ import annotations

import os
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

NAME = "crashes.log"
MAX_BYTES = 1_000_000


def write(folder: Path, source: str, error: BaseException) -> None:
    """Add `error` to NAME in `folder`: its kind and the lines, not its text, which may quote a report."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    entry = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {source}: {type(error).__name__}\n{frames}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / NAME
        if path.exists() and path.stat().st_size > MAX_BYTES:
            path.replace(folder / "crashes.old.log")
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as log:
            log.write(entry)
