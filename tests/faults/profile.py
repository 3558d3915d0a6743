"""A client's profile, looked at from outside: what lies where, what nobody needs any more, what others could read."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

PLACES = ("drafts", "outbox", "attention", "sent", "quarantine")
_REPORT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TEMPORARY = re.compile(r".*\.new|\..*|.*\.tmp")


class Profile:
    """Reads, never writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._spool = root / "spool"

    def names_in(self, place: str) -> list[str]:
        folder = self._spool / place
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def places(self) -> dict[str, str]:
        """Where each report lies. One that was set aside twice has a number behind its name."""
        return {name[:36]: place for place in PLACES for name in self.names_in(place) if _REPORT_ID.match(name)}

    def receipt(self, report_id: str) -> dict[str, Any] | None:
        with suppress(OSError, ValueError):
            body = json.loads((self._spool / "sent" / report_id / "receipt.json").read_bytes())
            return body if isinstance(body, dict) else None
        return None

    def left_over(self) -> Iterator[str]:
        """What is there and nobody needs, once nothing waits."""
        places = {place: set(self.names_in(place)) for place in PLACES}
        for name in places["outbox"] | places["quarantine"]:
            yield f"{name} lies in {'outbox' if name in places['outbox'] else 'quarantine'}/"
        for name in places["drafts"] & (places["outbox"] | places["attention"] | places["sent"]):
            yield f"{name} is a draft although it was saved"
        for name in set(self.names_in("locks")) - places["drafts"] - places["outbox"] - places["attention"]:
            yield f"locks/{name} is nobody's"
        for name in set(self.names_in(".")) - {*PLACES, "locks"}:
            yield f"spool/{name} is unknown"
        for path in self._everything():
            is_in_draft = path.is_relative_to(self._spool / "drafts")  # goes with it, or when it is written again
            if _TEMPORARY.fullmatch(path.name) and not is_in_draft:
                yield f"{path.relative_to(self.root)} was never put in its place"
        for name in places["sent"]:
            yield from self._beside_the_report(name)

    def open_modes(self) -> Iterator[str]:
        """What somebody else could read or change."""
        for path in self._everything():
            found = path.lstat()
            if stat.S_ISLNK(found.st_mode):
                continue  # has no mode of its own
            wanted = 0o700 if stat.S_ISDIR(found.st_mode) else 0o600
            if stat.S_IMODE(found.st_mode) != wanted:
                yield f"{path.relative_to(self.root)} has mode {stat.S_IMODE(found.st_mode):o}"

    def _beside_the_report(self, report_id: str) -> Iterator[str]:
        folder = self._spool / "sent" / report_id
        try:
            body = json.loads((folder / "manifest.json").read_bytes())
            known = {"manifest.json", "receipt.json", *(each["sha256"] for each in body["attachments"])}
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            yield f"sent/{report_id} has no manifest that can be read"
            return
        for path in folder.iterdir():
            if path.name not in known:
                yield f"sent/{report_id}/{path.name} is no part of the report"

    def _everything(self) -> Iterator[Path]:
        """All below the profile but what the test itself put there."""
        for path in sorted(self.root.rglob("*")):
            if path.name not in ("deskbell.json", "machine.json"):
                yield path
