"""M9: every route × method × principal × object, by the table in tests/faults/authorisation.txt.

A route without a row is found. For each cell: the status is the table's; only what may change something does; no answer
has words of a report that is not the principal's; and a foreign object cannot be told from an absent one by status,
headers, body or the SQL that was run.
"""

from __future__ import annotations

import http.client
import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

from fastapi.routing import iter_route_contexts
from sqlalchemy import Engine, event
from starlette.routing import Mount

from server_stub.app import create_app
from server_stub.settings import Settings
from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.premises import LOGIN, premises
from tests.faults.principals import ABSENT, DELETED, FOREIGN, OBJECTS, OWN, Cast, Principal, Report, report, sha256
from tests.server.desk import comment, operation
from tests.server.rig import PASSWORD, FakeClock, Server, Threads

TABLE = Path(__file__).resolve().parents[1] / "authorisation.txt"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
CHANGING = ("201", "done")
STATIC = {OWN: "deskbell.css", FOREIGN: "../pages.py", ABSENT: "nothing.css", DELETED: "%2e%2e/pages.py"}
NOWHERE = "nowhere:"
FORM = {"login": LOGIN, "password": PASSWORD, "on": "yes", "where": "here", "act": "reply", "text": "said"}


@dataclass(frozen=True, slots=True)
class Row:
    """One route, or an address that leads nowhere. `cells` holds what each kind of principal is answered, by object."""

    methods: tuple[str, ...]
    address: str
    is_route: bool
    cells: dict[str, tuple[str, ...]]

    def expected(self, principal: Principal, what: str) -> str:
        answers = self.cells[principal.kind]
        return answers[OBJECTS.index(what)] if len(answers) > 1 else answers[0]

    @property
    def names_an_object(self) -> bool:
        """Whether it makes a difference which object is asked for."""
        return any(len(answers) > 1 for answers in self.cells.values())


@dataclass(frozen=True, slots=True)
class Seen:
    """What came back. `told` is what could tell two objects apart: the answer without their names, and the SQL."""

    outcome: str
    body: bytes = field(repr=False)
    told: tuple[object, ...] = field(repr=False)
    has_changed: bool


def table(text: str) -> list[Row]:
    """The rows of the table."""
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    kinds = lines[0][2:]
    return [
        Row(
            methods=tuple(methods.split("+")),
            address=address.removeprefix(NOWHERE),
            is_route=not address.startswith(NOWHERE),
            cells={kind: tuple(cell.split("/")) for kind, cell in zip(kinds, cells, strict=True)},
        )
        for methods, address, *cells in lines[1:]
    ]


def refused(rows: list[Row]) -> list[Row]:
    """The methods without a row, for each address of a route."""
    known: dict[str, set[str]] = {}
    for row in rows:
        if row.is_route:
            known.setdefault(row.address, set()).update(row.methods)
    kinds = rows[0].cells
    return [
        Row(tuple(method for method in METHODS if method not in methods), address, True, dict.fromkeys(kinds, ("405",)))
        for address, methods in known.items()
    ]


def gaps(rows: list[Row], settings: Settings) -> list[str]:
    """Routes of the application without a row, and rows without a route."""
    routes = set()
    for route in iter_route_contexts(create_app(settings).routes):
        path, methods = str(route.path), route.methods
        if isinstance(route.original_route, Mount):
            path, methods = f"{path}/{{path}}", {"GET", "HEAD"}
        routes |= {f"{method} {path}" for method in methods or ()}
    told = {f"{method} {row.address}" for row in rows if row.is_route for method in row.methods}
    return [f"no row for the route {route}" for route in sorted(routes - told)] + [
        f"no route for the row {row}" for row in sorted(told - routes)
    ]


class Asking:
    """Sends one request at a time to a server of this process, and sees what it does."""

    def __init__(self, server: Server, cast: Cast) -> None:
        self._connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=20)
        self._cast = cast
        self._enrolment = json.dumps({"site_key": server.site_key, "client": "campaign"}).encode()
        self._statements: list[str] = []
        # Another connection's commits move this number.
        self._outside = sqlite3.connect(server.data / "deskbell.sqlite3")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note the SQL of this process while the block runs."""

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            self._statements.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        try:
            yield
        finally:
            event.remove(Engine, "before_cursor_execute", note)
            self._connection.close()
            self._outside.close()

    def ask(self, method: str, row: Row, principal: Principal, what: str) -> Seen:
        """One cell."""
        about = report() if what == ABSENT else principal.reports[what]
        path, names = self._path(row, principal, what, about)
        body = self._body(method, row, principal, what, about, path.rpartition("/")[2])
        headers = {**principal.headers(), "Content-Type": _media_type(row)}
        before = self._version()
        self._statements.clear()
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        said = answer.read()
        statements = tuple(self._statements)
        shown = [(name, value) for name, value in answer.getheaders() if name.lower() not in ("date", "set-cookie")]
        nameless = repr((answer.status, shown, said)).encode()
        for name in names:
            nameless = nameless.replace(name.encode(), b"?")
        return Seen(_outcome(answer), said, (nameless, statements), self._version() != before)

    def _path(self, row: Row, principal: Principal, what: str, about: Report) -> tuple[str, tuple[str, ...]]:
        device_id = {OWN: principal.device_id, ABSENT: about.id}.get(what, principal.other_device_id)
        link = self._cast.link(what, about)
        said_id = str(uuid.uuid4())
        names = (about.id, device_id, link, STATIC[what], sha256(about), said_id)
        return row.address.format(
            device_id=device_id,
            report_id=about.id,
            ticket_id=about.id,
            sha256=sha256(about),
            said_id=said_id,
            token=link,
            path=STATIC[what],
        ), names

    def _body(self, method: str, row: Row, principal: Principal, what: str, about: Report, last: str) -> bytes | None:
        if method in ("GET", "HEAD", "TRACE"):
            return None
        if row.address.startswith("/console"):
            # A colleague, and words that were not said before: each time there is something to do.
            return urlencode({**FORM, "id": str(uuid.uuid4()), "agent": str(self._cast.colleague_id)}).encode()
        if "sha256" in row.address:
            return about.picture
        if "said_id" in row.address:
            make = comment if "comments" in row.address else partial(operation, kind="solved")
            return json.dumps(make(about.id, id=last)).encode()
        if "report_id" not in row.address:
            return self._enrolment
        # Somebody else's id is the most that a stranger can know; who holds the report knows every byte of it.
        is_guess = what == FOREIGN and principal.kind != "holder"
        return json.dumps({**json.loads(about.manifest), "text": "guessed"}).encode() if is_guess else about.manifest

    def _version(self) -> int:
        version: int = self._outside.execute("pragma data_version").fetchone()[0]
        return version


def _media_type(row: Row) -> str:
    if row.address.startswith("/console"):
        return "application/x-www-form-urlencoded"
    return "application/octet-stream" if "sha256" in row.address else "application/json"


def _outcome(answer: http.client.HTTPResponse) -> str:
    if answer.status != 303:
        return str(answer.status)
    return "login" if answer.headers["Location"].startswith("/console/login") else "home"


def judge(method: str, row: Row, principal: Principal, seen: dict[str, Seen]) -> Iterator[str]:
    """What is wrong with one principal's cells of a row, each with its address."""
    where = f"{method} {row.address} by {principal.name}"
    for what, one in seen.items():
        expected = row.expected(principal, what)
        is_done = expected == "done" and one.outcome in ("login", "home")
        if one.outcome != expected and not is_done:
            yield f"{where}, {what}: {one.outcome} instead of {expected}"
        elif one.has_changed != (expected in CHANGING):
            yield f"{where}, {what}: {'changed something' if one.has_changed else 'changed nothing'}"
        if principal.kind not in ("agent", "csrf"):
            others = principal.reports[FOREIGN].words
            if others.encode() in one.body and "{token}" not in row.address:
                yield f"{where}, {what}: shows the words of another's report"
    if len(seen) > 1 and row.expected(principal, FOREIGN) == row.expected(principal, ABSENT):
        for part, foreign, absent in zip(("answer", "SQL"), seen[FOREIGN].told, seen[ABSENT].told, strict=True):
            if foreign != absent:
                yield f"{where}: the {part} tells foreign from absent"


def run(plan: Plan) -> Result:
    clock = FakeClock()
    place = premises(plan.folder, clock)
    settings = Settings(place.data, logins_per_quarter=10**6, logins_per_quarter_and_address=10**6)
    rows = table(TABLE.read_text())
    findings = gaps(rows, settings)
    threads = Threads()
    tried = survived = 0
    with ExitStack() as stack:
        stack.callback(threads.close)
        server = stack.enter_context(threads.serve(settings, place.site_key, clock))
        cast = Cast(place, stack.enter_context(place.database()), server, clock)
        principals = cast.principals()
        asking = Asking(server, cast)
        stack.enter_context(asking.listening())
        for row in [*rows, *refused(rows)]:
            for method, principal in product(row.methods, principals):
                whats = OBJECTS if row.names_an_object else (OWN,)
                seen = {what: asking.ask(method, row, principal, what) for what in whats}
                wrong = list(judge(method, row, principal, seen))
                tried += len(seen)
                survived += 0 if wrong else len(seen)
                findings += wrong
    kept = {path.name for path in (place.data / "incoming").iterdir()}
    if kept:
        findings.append(f"{len(kept)} refused uploads left their bytes")
    return Result(tried, survived, tuple(findings), {"rows": len(rows), "principals": len(principals)})


CAMPAIGN = Campaign(
    name="authorisation",
    promise="nobody reads or changes what is not theirs, and foreign looks like absent, at every route",
    short=1,
    full=1,
    run=run,
)
