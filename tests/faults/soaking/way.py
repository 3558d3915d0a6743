"""The way from the clients to the servers: each connection goes to one of them in turn, and any may be cut."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress


class Way:
    """A balancer on a loopback port. `ports` are asked at each connection; one that refuses is passed over."""

    def __init__(self, ports: Callable[[], Sequence[int]], chance: random.Random) -> None:
        self.port = 0
        self.is_closed = False  # nobody gets through
        self.cutting = 0  # so many connections are cut, each after a random number of bytes
        self.cuts = 0
        self._ports = ports
        self._chance = chance
        self._turn = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        while self._open:
            self.cut()
            await asyncio.sleep(0.05)

    def cut(self) -> None:
        """Reset every connection that is open."""
        for writer in self._open:
            self.cuts += 1
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self.is_closed or (there := await self._connected()) is None:
                writer.transport.abort()
                return
            up = down = None
            if self.cutting:
                self.cutting -= 1
                if self._chance.random() < 0.5:
                    up = self._chance.choice([self._chance.randrange(2000), self._chance.randrange(100_000)])
                else:
                    down = self._chance.randrange(600)
            ends = (writer, there[1])
            await asyncio.gather(self._pump(reader, there[1], up, ends), self._pump(there[0], writer, down, ends))
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        ports = self._ports()
        self._turn += 1
        for offset in range(len(ports)):
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", ports[(self._turn + offset) % len(ports)])
        return None

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        left: int | None,
        ends: tuple[asyncio.StreamWriter, ...],
    ) -> None:
        """Carry bytes until one side ends; after `left` of them cut both sides."""
        with suppress(OSError):
            while data := await reader.read(65536):
                if left is not None and len(data) > left:
                    writer.write(data[:left])
                    self.cuts += 1
                    break
                if left is not None:
                    left -= len(data)
                writer.write(data)
                await writer.drain()
            else:
                with suppress(RuntimeError):
                    writer.write_eof()
                return
        for end in ends:
            end.transport.abort()
