"""The bytes of attachments, in files named by their SHA-256. Nothing that a client names becomes part of a path."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from server_stub.errors import DigestDiffers, StorageFull
from server_stub.settings import make_private

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_LEFTOVER_S = 60 * 60


class Incoming:
    """One upload on its way: bytes go to a file of their own until they are all there and proven right."""

    def __init__(self, path: Path, blobs: Blobs) -> None:
        self._path = path
        self._blobs = blobs
        self._digest = hashlib.sha256()
        self._file: BinaryIO | None = None

    def write(self, chunk: bytes | bytearray) -> None:
        """Add bytes. Raises StorageFull."""
        with storage_errors():
            if self._file is None:
                self._file = self._path.open("xb")
            self._file.write(chunk)
        self._digest.update(chunk)

    def keep(self, sha256: str) -> None:
        """Make the bytes durable under their digest. Raises DigestDiffers, StorageFull; then nothing is kept."""
        if self._digest.hexdigest() != sha256:
            raise DigestDiffers
        with storage_errors():
            if self._file is None:
                self._file = self._path.open("xb")
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            target = self._blobs.path(sha256)
            self._path.replace(target)
            self._file = None
            sync_folder(target.parent)

    def discard(self) -> None:
        """Leave nothing behind of an upload that was not kept."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._path.unlink(missing_ok=True)


class Blobs:
    """The folder of attachments: ``blobs/a/ab12…``, and ``incoming/`` for what is on its way."""

    def __init__(self, data: Path) -> None:
        self._root = data / "blobs"
        self._incoming = data / "incoming"

    def start(self) -> None:
        """Make the folders, once and for all, and remove what crashed uploads left."""
        make_private(self._incoming)
        for leftover in self._incoming.iterdir():
            with contextlib.suppress(OSError):
                if leftover.stat().st_mtime < time.time() - _LEFTOVER_S:
                    leftover.unlink()
        if not (self._root / "f").is_dir():
            make_private(self._root)
            for digit in "0123456789abcdef":
                make_private(self._root / digit)
            sync_folder(self._root)
            sync_folder(self._root.parent)

    def path(self, sha256: str) -> Path:
        """Where the bytes of that digest lie, or would."""
        return self._root / sha256[0] / sha256

    def has(self, sha256: str, size_bytes: int) -> bool:
        """Whether the bytes of that digest are here, in full length."""
        try:
            return self.path(sha256).stat().st_size == size_bytes
        except OSError:
            return False

    def incoming(self) -> Incoming:
        """A place for one upload."""
        return Incoming(self._incoming / uuid.uuid4().hex, self)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn "no space left" of the operating system into StorageFull."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise StorageFull from error
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Windows does that by itself and cannot open folders."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
