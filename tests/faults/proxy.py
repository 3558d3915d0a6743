"""A proxy between a client and a server of HTTP/1.1 that does one fault to each exchange, exact to the byte.

The campaign chooses: it is asked when the head of a request has come, so that it knows what it is about. Everything
that happened is in `exchanges`.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import ClassVar, Self
from urllib.parse import urlsplit

from tests.faults.exchange import SIGN_IN_PAGES, Choose, Exchange, Fault, Kind

_REMEMBERED = 16
_PIECE = 65536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset


@dataclass(slots=True)
class _Told:
    """A request as far as it is read, and the client that waits."""

    exchange: Exchange
    head: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    body: bytes = field(default=b"", repr=False)

    async def whole(self) -> bytes:
        missing = self.exchange.request_bytes - len(self.head) - len(self.body)
        self.body += await self.reader.readexactly(missing)
        return self.head + self.body


class FaultProxy:
    """`with FaultProxy(server.url, choose) as proxy:` – `url` is what the client is given."""

    def __init__(self, target: str, choose: Choose = lambda _exchange: Fault()) -> None:
        self.choose = choose
        self.exchanges: list[Exchange] = []
        self.url = ""
        self._host, self._port = urlsplit(target).hostname, urlsplit(target).port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault proxy", daemon=True)
        self._connections: set[asyncio.Task[None]] = set()
        self._earlier: deque[tuple[bytes, bytes]] = deque(maxlen=_REMEMBERED)  # whole requests with their answers
        self._under_way = 0
        self._server: asyncio.Server | None = None

    def start(self) -> None:
        self._thread.start()
        self._run(self._listen())

    def close(self) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def go_down(self) -> None:
        """Refuse connections, and end those that there are."""
        self._run(self._end())

    def come_back(self) -> None:
        """Listen again, at the same address."""
        self._run(self._listen())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, work: Awaitable[None]) -> None:
        async def done() -> None:
            await work

        asyncio.run_coroutine_threadsafe(done(), self._loop).result(10)

    async def _listen(self) -> None:
        port = urlsplit(self.url).port or 0
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # one of the two hung up, as they may
        except asyncio.CancelledError:
            pass  # the proxy ends; nobody waits for this task
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; False where the client's connection is done with."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        method, path = head.split(b" ", 2)[:2]
        exchange = Exchange(len(self.exchanges), method.decode(), path.decode(), len(head) + _length(head))
        self.exchanges.append(exchange)
        self._under_way += 1
        exchange.at_once = self._under_way
        try:
            exchange.fault = self.choose(exchange)
            return await self._ways[exchange.fault.kind](self, _Told(exchange, head, reader, writer))
        finally:
            self._under_way -= 1

    # the faults; each says whether the client's connection goes on

    async def _plain(self, told: _Told) -> bool:
        return await self._answer(told, await self._ask(told.exchange, await told.whole()))

    async def _cut_request(self, told: _Told) -> bool:
        fault, exchange = told.exchange.fault, told.exchange
        up_reader, up_writer = await self._reach()
        try:
            left = fault.at
            up_writer.write(told.head[:left])
            exchange.reached_bytes = min(left, len(told.head))
            while exchange.reached_bytes < min(left, exchange.request_bytes):
                piece = await told.reader.read(min(_PIECE, left - exchange.reached_bytes))
                if not piece:
                    break
                up_writer.write(piece)
                exchange.reached_bytes += len(piece)
            await up_writer.drain()
            if exchange.reached_bytes == exchange.request_bytes:
                await self._read_answer(exchange, up_reader)  # the server had all of it; only the client does not know
            if fault.kind is Kind.RESET_REQUEST:
                _reset_when_closed(up_writer)
                _reset_when_closed(told.writer)
        finally:
            up_writer.close()
        return False

    async def _cut_answer(self, told: _Told) -> bool:
        answer = await self._ask(told.exchange, await told.whole())
        told.writer.write(answer[: told.exchange.fault.at])
        await told.writer.drain()
        if told.exchange.fault.kind is Kind.RESET_ANSWER:
            _reset_when_closed(told.writer)
        return False

    async def _sliced(self, told: _Told) -> bool:
        answer = await self._ask(told.exchange, await told.whole(), piece=1)
        return await self._answer(told, answer, piece=1)

    async def _slow(self, told: _Told) -> bool:
        pause_s, request = told.exchange.fault.pause_s, await told.whole()
        answer = await self._ask(told.exchange, request, piece=len(request) // 10 + 1, pause_s=pause_s)
        return await self._answer(told, answer, piece=len(answer) // 10 + 1, pause_s=pause_s)

    async def _late(self, told: _Told) -> bool:
        answer = await self._ask(told.exchange, await told.whole())
        await asyncio.sleep(told.exchange.fault.pause_s)
        return await self._answer(told, answer)

    async def _half_closed(self, told: _Told) -> bool:
        exchange, request = told.exchange, await told.whole()
        up_reader, up_writer = await self._reach()
        try:
            up_writer.write(request[: exchange.fault.at])
            exchange.reached_bytes = min(exchange.fault.at, len(request))
            up_writer.write_eof()
            answer = await self._read_answer(exchange, up_reader)
        except asyncio.IncompleteReadError:
            return False
        finally:
            up_writer.close()
        return await self._answer(told, answer)

    async def _duplicated(self, told: _Told) -> bool:
        request = await told.whole()
        twin = Exchange(-1, told.exchange.method, told.exchange.path, told.exchange.request_bytes)
        answers = await asyncio.gather(self._ask(told.exchange, request), self._ask(twin, request))
        return await self._answer(told, answers[0])

    async def _replayed(self, told: _Told) -> bool:
        request = await told.whole()
        if self._earlier:
            again = self._earlier[-1 - told.exchange.fault.at % len(self._earlier)][0]
            await self._ask(Exchange(-1, "", "", len(again)), again)
        return await self._answer(told, await self._ask(told.exchange, request))

    async def _stale(self, told: _Told) -> bool:
        if not self._earlier:
            return await self._plain(told)
        await told.whole()
        return await self._answer(told, self._earlier[-1 - told.exchange.fault.at % len(self._earlier)][1])

    async def _sign_in(self, told: _Told) -> bool:
        await told.whole()
        return await self._answer(told, SIGN_IN_PAGES[told.exchange.fault.at % len(SIGN_IN_PAGES)])

    _ways: ClassVar = {
        Kind.NONE: _plain,
        Kind.CUT_REQUEST: _cut_request,
        Kind.RESET_REQUEST: _cut_request,
        Kind.CUT_ANSWER: _cut_answer,
        Kind.RESET_ANSWER: _cut_answer,
        Kind.SLICED: _sliced,
        Kind.SLOW: _slow,
        Kind.LATE: _late,
        Kind.HALF_CLOSED: _half_closed,
        Kind.DUPLICATED: _duplicated,
        Kind.REPLAYED: _replayed,
        Kind.STALE: _stale,
        Kind.SIGN_IN: _sign_in,
    }

    # what all of them do

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._host, self._port)

    async def _ask(self, exchange: Exchange, request: bytes, *, piece: int = 0, pause_s: float = 0.0) -> bytes:
        """The server's whole answer."""
        reader, writer = await self._reach()
        try:
            await _write(writer, request, piece, pause_s)
            exchange.reached_bytes = len(request)
            answer = await self._read_answer(exchange, reader)
        finally:
            writer.close()
        self._earlier.append((request, answer))
        return answer

    async def _read_answer(self, exchange: Exchange, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        answer = head + await reader.readexactly(_length(head))
        exchange.status, exchange.answer_bytes = int(head.split(b" ", 2)[1]), len(answer)
        return answer

    async def _answer(self, told: _Told, answer: bytes, *, piece: int = 0, pause_s: float = 0.0) -> bool:
        await _write(told.writer, answer, piece, pause_s)
        return True


async def _write(writer: asyncio.StreamWriter, data: bytes, piece: int, pause_s: float) -> None:
    """All of `data`, in pieces of so many bytes where that is not 0."""
    for start in range(0, len(data), piece or len(data) or 1):
        writer.write(data[start : start + (piece or len(data))])
        await writer.drain()
        if piece:
            await asyncio.sleep(pause_s)


def _length(head: bytes) -> int:
    """What Content-Length says of the body that follows; 0 where there is none."""
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)\r\n", head)
    return int(found.group(1)) if found else 0


def _reset_when_closed(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
