"""Writing that survives a crash and a power cut: exclusive creation, fsync of the data and of the folder.

All errors are OSError, as the operating system gave them. A failed fsync is final for its file: the kernel may have
dropped the data, so the caller must write it again elsewhere.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_ABANDONED_S = 60.0  # a file in the making that is older than this was left by a process that was killed
_SYNCS_FOLDERS = sys.platform != "win32"  # Windows has no fsync of a directory; NTFS journals its metadata


def make_private_dir(path: Path) -> None:
    """Make `path` and its parents, readable by this user only."""
    missing = []
    step = path
    while not step.exists():
        missing.append(step)
        step = step.parent
    for folder in reversed(missing):
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            sync_dir(folder.parent)


def write_new(path: Path, data: bytes | memoryview) -> None:
    """Create `path`, which must not exist, hold `data` in it durably (0600). What went wrong leaves no file."""
    handle = os.open(path, _FLAGS, 0o600)
    try:
        with os.fdopen(handle, "wb", buffering=0) as out:
            view = memoryview(data)
            while view:
                view = view[out.write(view) :]
            os.fsync(out.fileno())
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def replace(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Put `data` in the place of `path` in one step; a reader sees the old or the new, never a mixture.

    That holds after a power cut as well; where it is to be the new one for certain, say `durable`.
    """
    drop_abandoned(path.parent)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    with suppress(FileNotFoundError):
        fresh.unlink()
    handle = os.open(fresh, _FLAGS, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise
    if durable:
        sync_dir(path.parent)


def drop_abandoned(folder: Path) -> None:
    """Remove what killed processes left of files in `folder` that they were about to replace."""
    with suppress(OSError):
        for path in folder.glob("*.[0-9]*.new"):
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - _ABANDONED_S:
                    path.unlink()


def sync_dir(path: Path) -> None:
    """Make the names in a folder durable."""
    if not _SYNCS_FOLDERS:
        return
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems cannot sync a folder
            raise
    finally:
        os.close(handle)


def move_dir(source: Path, target: Path) -> None:
    """Rename a folder and make both names durable. `target` must not exist.

    After an OSError the folder is at one of the two names, whole.
    """
    source.rename(target)
    sync_dir(target.parent)
    if source.parent != target.parent:
        sync_dir(source.parent)
