"""What the user was told of. Kept durably and apart from the cache, so that nothing is told twice when that is gone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from client.core.durable import make_private_dir, replace
from client.core.entry import UNREADABLE, read
from client.core.manifest import is_intact, sealed

_KEPT = 1_000  # names of what was told last; what is older than the oldest of them counts as told
_LARGEST = 1024 * 1024
NEVER = datetime.min.replace(tzinfo=UTC)

Key = tuple[str, datetime]  # what happened, and when by the desk's clock


class Told:
    """Safe from any thread. What cannot be read is as if it were not there: then `has_begun` is false."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._since: datetime | None = None
        self._keys: dict[str, datetime] | None = None  # None: not read yet

    def has_begun(self) -> bool:
        with self._lock:
            self._read()
            return self._since is not None

    def begin(self, since: datetime) -> None:
        """What happened up to `since` counts as told. Raises OSError."""
        with self._lock:
            self._read()
            if self._since is None:
                self._since = since
                self._write()

    def knows(self, key: str, at: datetime) -> bool:
        with self._lock:
            keys = self._read()
            return key in keys or (self._since is not None and at <= self._since)

    def note(self, keys: Iterable[Key]) -> None:
        """These were told. Raises OSError where that could not be kept; then they count until the program ends."""
        with self._lock:
            known = self._read()
            known.update(keys)
            newest = sorted(known.items(), key=lambda item: item[1])
            dropped, kept = newest[:-_KEPT], newest[-_KEPT:]
            self._keys = dict(kept)
            self._since = max([self._since or NEVER, *(at for _, at in dropped)])
            self._write()

    def _read(self) -> dict[str, datetime]:
        if self._keys is None:
            self._keys = {}
            with suppress(*UNREADABLE):
                data = read(self._path, _LARGEST)
                if not is_intact(data):
                    return self._keys
                body = json.loads(data)
                keys = {str(key): datetime.fromisoformat(at) for key, at in body["keys"].items()}
                self._since = datetime.fromisoformat(body["since"])
                self._keys = keys
        return self._keys

    def _write(self) -> None:
        assert self._since is not None
        keys = {key: at.isoformat() for key, at in (self._keys or {}).items()}
        make_private_dir(self._path.parent)
        body = json.dumps({"since": self._since.isoformat(), "keys": keys}, indent=1)
        replace(self._path, sealed(body), durable=True)
