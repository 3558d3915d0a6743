"""What servers acknowledged to a crowd, read from its ledger, against what they have."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.checker import Store, check, read_tickets
from tests.faults.ledger import read
from tests.rigs.waiting import wait_until


@dataclass(slots=True)
class Heard:
    """A ledger of a crowd as it grows; `look` reads what came since."""

    path: Path
    receipts: list[Mapping[str, object]] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    is_over: bool = False
    _read: int = 0

    def look(self) -> int:
        """How many receipts there are by now."""
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self._read)
                whole = file.read().rpartition(b"\n")[0]
            self._read += len(whole) + bool(whole)
            for line in whole.splitlines():
                self._take(json.loads(line))
        return len(self.receipts)

    def wait_for(self, more: int) -> None:
        """Until so many more receipts have come."""
        enough = self.look() + more
        wait_until(lambda: self.look() >= enough, f"{more} more receipts", 60, every_s=0.002)

    def _take(self, line: Mapping[str, object]) -> None:
        match line["event"]:
            case "receipt":
                self.receipts.append(line)
            case "error":
                self.errors[f"{line['kind']} {line['code']}"] += 1
            case "refused":
                self.refused[f"{line['kind']} {line['code']}"] += 1
            case "over":
                self.is_over = True


def findings(heard: Heard, store: Store, *, is_over: bool = True) -> Iterator[str]:
    """Every promise that is broken: acknowledged and gone, two numbers, a hole in the numbers, bytes that differ."""
    heard.look()
    yield from check(read(heard.path), store, is_over=is_over).findings
    tickets = {ticket.report_id: ticket for ticket in read_tickets(store)}
    for receipt in heard.receipts:
        report_id, missing = str(receipt["report_id"]), receipt["missing"]
        ticket = tickets.get(report_id)
        assert isinstance(missing, list)
        if ticket is None:
            yield f"acknowledged and gone: {report_id}"
        elif (ticket.number, ticket.manifest_sha256) != (receipt["number"], receipt["manifest_sha256"]):
            yield f"acknowledged as {receipt['number']} and now another ticket: {report_id}"
        elif lost := {*ticket.blobs} - {*missing} - ticket.received:
            yield f"acknowledged and gone: {len(lost)} attachments of {report_id}"
    numbers = [ticket.number for ticket in tickets.values()]
    if numbers and numbers != list(range(1001, 1001 + len(numbers))):
        yield f"the numbers of {len(numbers)} tickets are not those from 1001 on"
    yield from (f"a client was refused: {what} ({count} times)" for what, count in heard.refused.items())
    if faults := [f"{what} ({count} times)" for what, count in heard.errors.items() if "server_fault" in what]:
        yield f"a fault of the server's own: {', '.join(faults)}"
