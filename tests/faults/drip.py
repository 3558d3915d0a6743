"""Connections that send a byte a second: `python -m tests.faults.drip URL BEARER --connections 200`.

Half of them never come to the end of a head, half never to that of a body. Says "dripping" on its standard output as
soon as all are connected, and goes on until it is ended; what the server hangs up on is connected again.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from urllib.parse import urlsplit

HEAD = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Filler: "
BODY = (
    "PUT /api/v1/tickets/6f1c8a52-3c0e-4c5f-9d0e-2f4b8d7a1c33 HTTP/1.1\r\nHost: x\r\n"
    "Content-Type: application/json\r\nContent-Length: 200000\r\nAuthorization: Bearer {bearer}\r\n\r\n"
)


async def drip(host: str, port: int, opening: str, connected: asyncio.Event, every_s: float) -> None:
    """One connection after the other."""
    while True:
        _, writer = await asyncio.open_connection(host, port)
        connected.set()
        try:
            writer.write(opening.encode())
            while not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(every_s)
        except OSError:
            continue
        finally:
            writer.close()


async def run(options: argparse.Namespace) -> None:
    address = urlsplit(options.url)
    events = [asyncio.Event() for _ in range(options.connections)]
    async with asyncio.TaskGroup() as group:
        for number, event in enumerate(events):
            opening = HEAD if number % 2 else BODY.format(bearer=options.bearer)
            group.create_task(drip(address.hostname or "", address.port or 0, opening, event, options.every_s))
        for event in events:
            await event.wait()
        print("dripping", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("bearer")
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--every-s", type=float, default=1.0)
    asyncio.run(run(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
