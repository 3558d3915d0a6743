"""Clients that cost next to nothing: `python -m tests.bench.load WHAT …`, a process each, so that none slows another.

    create URL BEARERS SECONDS   thirty-two clients make tickets with a picture, whole, one after another
    write FOLDER SECONDS         the floor: thirty-two threads write the same bytes to new files, and sync each
    return URL BEARERS ETAG      every client connects at once and asks for news

BEARERS is a file, a credential a line. Prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from server_stub.connections import allow_many

THREADS = 32
PICTURE = os.urandom(300_000)
MOST_PER_SECOND = 1_000  # tickets: what is sent is made before


def manifest(report_id: str, sha256: str) -> bytes:
    """What a client says of a report with one picture."""
    picture = {
        "sha256": sha256, "bytes": len(PICTURE), "name": "display-1.png", "media_type": "image/png",
        "kind": "screenshot", "taken_at": None, "display": None,
    }  # fmt: skip
    facts = [{"key": f"fact_{n}", "label": "Disk", "value": "3 GB free of 256 GB", "alarm": None} for n in range(20)]
    body = {
        "format": 1, "report_id": report_id, "created_at": "2026-11-23T09:41:07Z", "text": "Outlook asks again",
        "category": "app", "blocking": False, "via": "panel", "language": "en", "client": "deskbell 0.1.0",
        "requester": {"name": "Anna Kern", "user": "anna", "host": "LAP-4F2"}, "facts": facts, "attachments": [picture],
    }  # fmt: skip
    return json.dumps(body).encode()


def create(url: str, bearers: list[str], seconds: float) -> dict[str, float]:
    """Tickets a second. What is sent is made before the time counts; no picture comes twice."""
    host, port = _place(url)
    base = memoryview(PICTURE)[16:]
    run = os.urandom(8)
    enough = int(MOST_PER_SECOND * seconds)
    prepared = [_prepared(run + n.to_bytes(8, "big"), base, bearers[n % len(bearers)]) for n in range(enough)]
    sockets = [socket.create_connection((host, port)) for _ in range(THREADS)]
    waiting = iter(prepared)
    lock = threading.Lock()

    def one(number: int) -> bool:
        with lock:
            head, first = next(waiting, (b"", b""))
        if head:
            _send_all(sockets[number], (head, first, base))
            answer = _answer(sockets[number])
            assert answer.startswith(b"HTTP/1.1 201 "), answer
        return bool(head)

    count, took_s = _for_a_while(one, seconds)
    return {"per_second": count / took_s, "count": count}


def write(folder: Path, seconds: float) -> dict[str, float]:
    """Files a second: a report's bytes each, its picture's and its manifest's."""
    whole = manifest(str(uuid.uuid4()), "0" * 64) + PICTURE

    def one(_number: int) -> bool:
        descriptor = os.open(folder / uuid.uuid4().hex, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        os.write(descriptor, whole)
        os.fsync(descriptor)
        os.close(descriptor)
        return True

    count, took_s = _for_a_while(one, seconds)
    return {"per_second": count / took_s, "count": count}


def come_back(url: str, bearers: list[str], etag: str) -> dict[str, float]:
    """Seconds until the last of them, the median and the 99th of a hundred are answered."""
    host, port = _place(url)
    took = sorted(asyncio.run(_all_at_once(host, port, bearers, etag)))
    return {"p50_s": took[len(took) // 2], "p99_s": took[len(took) * 99 // 100], "all_s": took[-1]}


async def _all_at_once(host: str, port: int, bearers: list[str], etag: str) -> list[float]:
    began_s = time.perf_counter()

    async def ask(bearer: str) -> float:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(
            f"GET /api/v1/desk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer}\r\n"
            f"If-None-Match: {etag}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 304 "), answer[:200]
        return time.perf_counter() - began_s

    return list(await asyncio.gather(*map(ask, bearers)))


def _prepared(first: bytes, base: memoryview, bearer: str) -> tuple[bytes, bytes]:
    digest = hashlib.sha256(first)
    digest.update(base)
    report_id = str(uuid.uuid4())
    body = manifest(report_id, digest.hexdigest())
    head = (
        f"PUT /api/v1/tickets/{report_id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer}\r\n"
        f"Content-Type: application/vnd.deskbell.report; manifest={len(body)}\r\n"
        f"Content-Length: {len(body) + len(PICTURE)}\r\n\r\n"
    )
    return head.encode() + body, first


def _for_a_while(one: Callable[[int], bool], seconds: float) -> tuple[int, float]:
    """How often `one` was done by all threads, and in which time; what is under way at the end is seen through.

    `one` says whether there was anything left to do.
    """
    start = threading.Barrier(THREADS + 1)
    until = [float("inf")]

    def work(number: int) -> int:
        start.wait()
        count = 0
        while time.perf_counter() < until[0] and one(number):
            count += 1
        return count

    with ThreadPoolExecutor(THREADS) as pool:
        counts = [pool.submit(work, number) for number in range(THREADS)]
        began_s = time.perf_counter()
        until[0] = began_s + seconds
        start.wait()
        return sum(each.result() for each in counts), time.perf_counter() - began_s


def _send_all(connection: socket.socket, parts: tuple[bytes | memoryview, ...]) -> None:
    left = [memoryview(part) for part in parts]
    while left:
        sent = connection.sendmsg(left)
        while left and sent >= len(left[0]):
            sent -= len(left.pop(0))
        if sent:
            left[0] = left[0][sent:]


def _answer(connection: socket.socket) -> bytes:
    answer = b""
    while not answer.endswith(b"}"):
        piece = connection.recv(65536)
        assert piece, answer
        answer += piece
    return answer


def _place(url: str) -> tuple[str, int]:
    address = urlsplit(url)
    return address.hostname or "", address.port or 0


def _lines(path: str) -> list[str]:
    return Path(path).read_text().split()


def main(arguments: list[str]) -> dict[str, float]:
    match arguments:
        case ["create", url, bearers, seconds]:
            return create(url, _lines(bearers), float(seconds))
        case ["write", folder, seconds]:
            return write(Path(folder), float(seconds))
        case ["return", url, bearers, etag]:
            allow_many()
            return come_back(url, _lines(bearers), etag)
    raise SystemExit(__doc__)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
