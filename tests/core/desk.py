"""A desk in memory that keeps its word: the same manifest twice is one ticket, the same operation twice is one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime

from client.core.errors import DeskError, Problem, Rejected
from client.core.faults import stranger
from client.core.manifest import digest
from client.core.models import Attachment, Changes, DeskInfo, Operation, Receipt, Ticket


class LoopbackDesk:
    """`failing` is asked before each call: an error it returns is raised, before or after the call had its effect."""

    def __init__(self) -> None:
        self.manifests: dict[str, bytes] = {}
        self.blobs: dict[str, dict[str, bytes]] = {}
        self.operations: dict[str, bytes] = {}  # by their ids, in the order in which they came
        self.told: list[Ticket] = []  # each change of a ticket, as it is after that
        self.age = "a"  # another: it was restored from a backup, and knows no cursor of before
        self.page = 50
        self.waits: list[float] = []  # how long each question for changes could have been kept back
        self.while_waiting: Callable[[float], None] = lambda wait_s: None
        self.desk_info = DeskInfo("Example Ltd", "5500", ("Anna Kern",))
        self.calls: list[str] = []
        self.wholes: list[tuple[bytes, ...]] = []  # the blobs of each submit that brought some
        self.failing: Callable[[str, str], DeskError | None] = lambda call, report_id: None
        self.losing_answers: Callable[[str, str], DeskError | None] = lambda call, report_id: None
        self.alters: Callable[[Receipt], Receipt] = lambda receipt: receipt

    def submit(self, report_id: str, manifest: bytes, blobs: Sequence[bytes] = ()) -> Receipt:
        """Takes attachments apart from the ticket, as many desks do."""
        if blobs:
            self.wholes.append(tuple(blobs))
        self._before("submit", report_id)
        known = self.manifests.setdefault(report_id, manifest)
        if known != manifest:
            raise Rejected(stranger())
        return self._after("submit", report_id)

    def attach(self, report_id: str, attachment: Attachment, data: bytes) -> Receipt:
        self._before("attach", report_id)
        assert digest(data) == attachment.sha256
        self.blobs.setdefault(report_id, {})[attachment.sha256] = data
        return self._after("attach", report_id)

    def comment(self, operation: Operation, body: bytes) -> Receipt:
        return self._take("comment", operation, body)

    def operate(self, operation: Operation, body: bytes) -> Receipt:
        return self._take("operate", operation, body)

    def changes(self, cursor: str | None, wait_s: float) -> Changes | None:
        self._before("changes", "")
        self.waits.append(wait_s)
        age, _, place = (cursor or ":0").partition(":")
        start = int(place) if age == self.age else 0
        if start == len(self.told) and wait_s:
            self.while_waiting(wait_s)
        if start == len(self.told) and age == self.age:
            return None
        last = {ticket.id: at for at, ticket in enumerate(self.told)}
        places = [at for at in sorted(last.values()) if at >= start]
        end = places[self.page - 1] + 1 if len(places) > self.page else len(self.told)
        tickets = tuple(self.told[at] for at in places if at < end)
        return Changes(f"{self.age}:{end}", tickets, has_more=end < len(self.told), is_reset=age != self.age)

    def stop_waiting(self) -> None:
        """Nobody waits longer than a test lets him."""

    def ticket(self, ticket_id: str) -> Ticket:
        self._before("ticket", ticket_id)
        return next(each for each in reversed(self.told) if each.id == ticket_id)

    def attachment(self, ticket_id: str, sha256: str) -> bytes:
        self._before("attachment", ticket_id)
        return self.blobs[ticket_id][sha256]

    def info(self) -> DeskInfo:
        self._before("info", "")
        return self.desk_info

    def probe(self) -> datetime | None:
        self._before("probe", "")
        return None

    def has_all_of(self, report_id: str) -> bool:
        wanted = {item["sha256"] for item in json.loads(self.manifests[report_id])["attachments"]}
        return wanted == set(self.blobs.get(report_id, {}))

    def texts(self) -> list[str]:
        """What was said and done to tickets, in the order in which it came."""
        return [json.loads(body)["text"] for body in self.operations.values()]

    def _take(self, call: str, operation: Operation, body: bytes) -> Receipt:
        self._before(call, operation.id)
        if operation.report_id not in self.manifests:
            raise Rejected(Problem("not_found", "There is no such ticket"))
        if self.operations.setdefault(operation.id, body) != body:
            raise Rejected(stranger())
        error = self.losing_answers(call, operation.id)
        if error:
            raise error
        have = self.blobs.get(operation.report_id, {})
        wanted = [item["sha256"] for item in json.loads(body).get("attachments", ())]
        missing = tuple(sha256 for sha256 in wanted if sha256 not in have)
        number = 1001 + list(self.manifests).index(operation.report_id)
        receipt = Receipt(operation.report_id, digest(body), operation.report_id, number, "open", missing, operation.id)
        return self.alters(receipt)

    def _before(self, call: str, report_id: str) -> None:
        self.calls.append(call)
        error = self.failing(call, report_id)
        if error:
            raise error

    def _after(self, call: str, report_id: str) -> Receipt:
        error = self.losing_answers(call, report_id)
        if error:
            raise error
        manifest = self.manifests[report_id]
        have = self.blobs.get(report_id, {})
        missing = [item["sha256"] for item in json.loads(manifest)["attachments"] if item["sha256"] not in have]
        number = 1001 + list(self.manifests).index(report_id)
        return self.alters(Receipt(report_id, digest(manifest), report_id, number, "new", tuple(missing)))
