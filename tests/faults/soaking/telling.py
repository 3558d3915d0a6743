"""What a program says on its standard output, line by line, and a ledger of what it showed as saved."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """A report that was shown as saved: by whom, and what its user had approved."""

    who: str
    text: str
    pictures: tuple[str, ...]


@dataclass
class Ledger:
    """Outside of client and server: `saved` by the report's id, and what went wrong on the way."""

    saved: dict[str, Shown] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)  # "not saved" that was shown, by its code
    attention: dict[str, str] = field(default_factory=dict)
    crashes: list[str] = field(default_factory=list)

    def note(self, who: str, line: Line) -> None:
        match line["told"]:
            case "Saved":
                self.saved[line["report_id"]] = Shown(who, line.get("text", ""), tuple(line.get("pictures", ())))
            case "NotSaved":
                self.refused[line["code"]] = self.refused.get(line["code"], 0) + 1
            case "NeedsAttention":
                self.attention[line["report_id"]] = str(line.get("code"))
            case "crashed":
                self.crashes.append(f"{who}: {line['error']}")


class Tail:
    """The lines of a growing log; what is not JSON is kept aside."""

    def __init__(self, log: Path, who: str, ledger: Ledger) -> None:
        self._log = log
        self._who = who
        self._ledger = ledger
        self._read = 0
        self._rest = b""
        self.others: list[str] = []

    def lines(self) -> list[Line]:
        """What came since the last call; each is noted in the ledger."""
        if not self._log.exists():
            return []
        with self._log.open("rb") as file:
            file.seek(self._read)
            fresh = file.read()
        self._read += len(fresh)
        *whole, self._rest = (self._rest + fresh).split(b"\n")
        found = []
        for each in whole:
            if each.startswith(b"{"):
                found.append(json.loads(each))
                self._ledger.note(self._who, found[-1])
            else:
                self.others.append(each.decode(errors="replace"))
        return found
