"""The real server on a real port, and what can happen to each request at its door."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import sqlite3
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from server_stub.app import create_app
from server_stub.blobs import Blobs
from server_stub.settings import Settings
from server_stub.store.clock import Clock
from server_stub.store.database import Database
from server_stub.store.schema import upgrade
from server_stub.store.sites import Sites
from tests.server.rig import QUICK

T = TypeVar("T")
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
ELSEWHERE = "/elsewhere"  # where redirects lead; nobody must ever ask there
JSON, HTML = b"application/json", b"text/html"


class Answer(StrEnum):
    """What the client gets in the place of the server's own answer."""

    NOTHING = "connection cut"
    CUT = "answer cut"
    KILLED = "client killed"
    SIGN_IN_PAGE = "sign-in page"
    REDIRECT = "redirect"
    NETWORK = "511"
    EMPTY = "empty JSON"
    NO_CONTENT = "204"
    GATEWAY = "502"
    FAULT = "500"
    OUR_FAULT = "500 of ours"
    BUSY = "503 of ours"
    THROTTLED = "429"
    TOO_LARGE = "413"
    SIGN_IN = "401"
    OTHER_ID = "receipt of another report"
    OTHER_CONTENT = "receipt of another content"
    MORE_MISSING = "receipt that misses what is not there"


@dataclass(frozen=True, slots=True)
class Harm:
    """What happens to one request: `answer`, before the server hears of it or after it has done its work."""

    answer: Answer
    is_heard: bool  # by the server
    number: int = 0  # which Retry-After; where the answer is cut


@dataclass(frozen=True, slots=True)
class Filed:
    """A ticket as it lies at the server. `received` are the attachments whose bytes are there and right."""

    report_id: str
    number: int
    text: str
    blobs: frozenset[str]
    received: frozenset[str]
    is_deleted: bool

    @property
    def is_complete(self) -> bool:
        return self.is_deleted or self.blobs <= self.received


RETRY_AFTER = (b"0", b"7", b"-5", b"999999999", b"soon", b"Thu, 01 Jan 1970 00:00:00 GMT", b"1e3", b"")


@dataclass
class Desk:
    """One server for many runs: `begin` empties it. Requests are served on a thread of its own."""

    folder: Path
    clock: Clock
    on_kill: Callable[[], None]
    harms: deque[Harm] = field(default_factory=deque)
    is_down: bool = False
    strays: list[str] = field(default_factory=list)  # requests that should never have come
    requests: int = 0

    def __post_init__(self) -> None:
        self.data = self.folder / "server"
        self.settings = Settings(self.data)
        self.site_key = self._prepare()
        self._app = create_app(self.settings, self.clock, QUICK)
        self._lifespan: AbstractAsyncContextManager[Any] | None = None
        self._read: dict[str, bytes] = {}
        self._loop = asyncio.new_event_loop()
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            self._serve,
            log_config=None,
            log_level="critical",  # what is done here to answers is no news
            access_log=False,
            proxy_headers=False,
            ws="none",
            lifespan="off",
            interface="asgi3",
        )
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._run, args=(listener,), name="desk", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """A fresh server that nobody has reported to."""
        self.harms.clear()
        self.is_down = False
        self._swap(self.folder / "prepared")

    def back_up(self) -> None:
        """Keep the state of now."""
        self._stop()
        shutil.rmtree(self.folder / "backup", ignore_errors=True)
        shutil.copytree(self.data, self.folder / "backup")
        self._start()

    def restore(self) -> None:
        """Be as at the last `back_up`."""
        self._swap(self.folder / "backup")

    def close(self) -> None:
        self._stop()
        self._server.should_exit = True
        self._thread.join(20)

    def execute(self, statement: str, *values: object) -> None:
        """What an administrator or an agent changes."""
        with closing(sqlite3.connect(self.settings.database_path, timeout=10)) as database, database:
            database.execute(statement, values)

    def filed(self) -> dict[str, Filed]:
        """All tickets, read from outside."""
        with closing(sqlite3.connect(f"file:{self.settings.database_path}?mode=ro", uri=True)) as database:
            tickets = database.execute(
                "SELECT id, number, deleted_at, body FROM tickets LEFT JOIN manifests ON ticket_id = id"
            ).fetchall()
            received: dict[str, set[str]] = {}
            for ticket_id, sha256 in database.execute(
                "SELECT ticket_id, sha256 FROM attachments WHERE received_at IS NOT NULL"
            ):
                received.setdefault(ticket_id, set()).add(sha256)
        blobs = Blobs(self.data)
        found = {}
        for ticket_id, number, deleted_at, raw in tickets:
            body = json.loads(raw)
            sizes = {each["sha256"]: each["bytes"] for each in body["attachments"]}
            there = frozenset(each for each in received.get(ticket_id, ()) if blobs.has(each, sizes[each]))
            found[ticket_id] = Filed(ticket_id, number, body["text"], frozenset(sizes), there, deleted_at is not None)
        return found

    def _prepare(self) -> str:
        prepared = Settings(self.folder / "prepared")
        prepared.data.mkdir(mode=0o700, parents=True)
        prepared.key_path.write_bytes(bytes(32))
        database = Database(prepared.database_url)
        upgrade(database)
        key = Sites(database, self.clock).add("Example Ltd", "5500").site_key
        database.close()
        shutil.copytree(prepared.data, self.data)
        return key

    def _swap(self, source: Path) -> None:
        self._stop()
        shutil.rmtree(self.data)
        shutil.copytree(source, self.data)
        self._start()

    def _start(self) -> None:
        self._lifespan = self._app.router.lifespan_context(self._app)
        self._await(self._lifespan.__aenter__())

    def _stop(self) -> None:
        if self._lifespan is not None:
            self._await(self._lifespan.__aexit__(None, None, None))
            self._lifespan = None

    def _await(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def _run(self, listener: socket.socket) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve(sockets=[listener]))

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += 1
        if scope["path"].startswith(ELSEWHERE):
            self.strays.append(scope["path"])
        harm = self.harms.popleft() if self.harms else None
        if self.is_down:
            harm = Harm(Answer.NOTHING, is_heard=False)
        if harm is None:
            await self._app(scope, receive, send)
            return
        answer: list[Message] = []
        if harm.is_heard:
            await self._app(scope, receive, _into(answer))
        await self._harm(harm, answer, send)

    async def _harm(self, harm: Harm, answer: list[Message], send: Any) -> None:
        if harm.answer is Answer.KILLED:
            self.on_kill()
        if harm.answer in (Answer.NOTHING, Answer.KILLED):
            send.__self__.transport.abort()  # uvicorn's cycle: nothing in ASGI ends a connection without an answer
            return
        if harm.answer is Answer.CUT:
            body = b"".join(each.get("body", b"") for each in answer) or b'{"report_id": "'
            status = answer[0]["status"] if answer else 201
            await _say(send, status, JSON, body, cut_at=harm.number % len(body))
            return
        status, media_type, body, headers = _made(harm, answer)
        await _say(send, status, media_type, body, headers)


def _made(harm: Harm, answer: list[Message]) -> tuple[int, bytes, bytes, list[tuple[bytes, bytes]]]:
    own = b"".join(each.get("body", b"") for each in answer)
    match harm.answer:
        case Answer.SIGN_IN_PAGE:
            return 200, HTML, b"<html>Please sign in first.</html>", []
        case Answer.REDIRECT:
            return 307, HTML, b"", [(b"location", ELSEWHERE.encode())]
        case Answer.NETWORK:
            return 511, HTML, b"<html>", []
        case Answer.EMPTY:
            return 200, JSON, b"{}", []
        case Answer.NO_CONTENT:
            return 204, JSON, b"", []
        case Answer.GATEWAY:
            return 502, HTML, b"<html>", []
        case Answer.FAULT:
            return 500, b"text/plain", b"Internal Server Error", []
        case Answer.OUR_FAULT:
            return 500, JSON, _error("server_fault"), []
        case Answer.BUSY | Answer.THROTTLED:
            status = 503 if harm.answer is Answer.BUSY else 429
            return status, JSON, _error("busy"), [(b"retry-after", RETRY_AFTER[harm.number % len(RETRY_AFTER)])]
        case Answer.TOO_LARGE:
            return 413, HTML, b"<html>", []
        case Answer.SIGN_IN:
            return 401, JSON, _error("sign_in"), []
    return 201, JSON, _another(harm, own), []


def _another(harm: Harm, own: bytes) -> bytes:
    """A receipt that is not this report's."""
    try:
        body = json.loads(own)
        body["missing"] = list(body["missing"])
    except (ValueError, KeyError, TypeError):
        ticket = {"id": "0", "number": 1, "status": "new"}
        body = {"report_id": "0", "manifest_sha256": "0", "ticket": ticket, "missing": []}
    if harm.answer is Answer.OTHER_ID:
        body["report_id"] = "00000000-0000-4000-8000-000000000000"
    elif harm.answer is Answer.OTHER_CONTENT:
        body["manifest_sha256"] = "0" * 64
    else:
        body["missing"].append("f" * 64)
    return json.dumps(body).encode()


def _error(code: str) -> bytes:
    return json.dumps({"error": {"code": code, "title": "A title", "detail": "A detail"}}).encode()


def _into(answer: list[Message]) -> Send:
    async def keep(message: Message) -> None:
        answer.append(message)

    return keep


async def _say(
    send: Send,
    status: int,
    media_type: bytes,
    body: bytes,
    headers: list[tuple[bytes, bytes]] | None = None,
    cut_at: int | None = None,
) -> None:
    told = [(b"content-type", media_type), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": [*told, *(headers or ())]})
    await send({"type": "http.response.body", "body": body[:cut_at], "more_body": cut_at is not None})
