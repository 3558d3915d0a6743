"""Requests that no HTTP library would send, byte by byte."""

from __future__ import annotations

import gzip
import json
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.server.rig import Device, attachment, manifest

_LIMIT_S = 30.0
_MB = 1_000_000
_ADDRESSES = (
    *("/%00", "/%ff%fe", "/console/tickets/%00", "/api/v1/tickets/%0d%0aX:y", "/attachments/%f0%9f%98%80.x"),
    *("/attachments/" + "A" * 5000 + "." + "A" * 43, "/static/%2e%2e%2f%2e%2e%2fapp.py", "/static//etc/passwd", "*"),
    *("//evil.test/console/", "/console/login?back=//evil.test", "/console/?before=-1&after=1e9"),
    "http://evil.test/healthz",
)


def requests(device: Device, session: str) -> Iterator[tuple[str, bytes]]:
    """What to send, by name, as a device and an agent at once. Each is refused, answered, or hung up on, never 5xx."""
    ticket = f"PUT /api/v1/tickets/{manifest()['report_id']}"
    raw = json.dumps(manifest()).encode()
    login = "POST /console/login"

    def made(start: str, *headers: str, body: bytes = b"", host: bool = True) -> bytes:
        lines = [f"{start} HTTP/1.1", *(["Host: desk"] if host else []), *headers]
        known = (f"Authorization: {device.headers['Authorization']}", f"Cookie: deskbell_session={session}")
        return "\r\n".join([*lines, *known, "", ""]).encode() + body

    def sized(start: str, body: bytes, *headers: str) -> bytes:
        return made(start, f"Content-Length: {len(body)}", *headers, body=body)

    yield "10,000 headers", made("GET /healthz", *(f"X-{n}: y" for n in range(10_000)))
    yield "header of 1 MB", made("GET /healthz", f"X: {'y' * _MB}")
    yield "headers without an end", made("GET /healthz", *["X: y"] * 100_000)[:-4]
    yield "address of 1 MB", made(f"GET /{'a' * _MB}")
    yield "address of 60 kB", made(f"GET /console/tickets/{'a' * 60_000}")
    yield "query of 60 kB", made(f"GET /console/?before={'9' * 60_000}")
    for path in _ADDRESSES:
        yield f"address {path[:40]}", made(f"GET {path}")
    for length in ("-1", "abc", "+5", "1e3", "0x10", "9" * 30, "5, 6", "٣", ""):
        yield f"Content-Length {length[:8]!r}", made(ticket, f"Content-Length: {length}", body=raw)
    yield "two Content-Lengths", made(ticket, "Content-Length: 5", f"Content-Length: {len(raw)}", body=raw)
    yield "longer than it says", made(ticket, "Content-Length: 10", body=raw)
    yield "shorter than it says", made(ticket, f"Content-Length: {len(raw) + 100}", body=raw)
    yield "attachment shorter than it says", made(f"{ticket}/attachments/{'a' * 64}", "Content-Length: 999", body=raw)
    yield "length and chunks", made(ticket, "Content-Length: 4", "Transfer-Encoding: chunked", body=b"0\r\n\r\nGET /")
    for encoding in ("gzip, chunked", "xchunked", "chunked, chunked", "identity"):
        yield f"Transfer-Encoding {encoding}", made(ticket, f"Transfer-Encoding: {encoding}", body=b"0\r\n\r\n")
    chunked = "Transfer-Encoding: chunked"
    yield "chunk of 16 exabytes", made(ticket, chunked, body=b"FFFFFFFFFFFFFFFF\r\nx")
    yield "chunk of no size", made(ticket, chunked, body=b"zz\r\nx\r\n")
    yield "20 MB in chunks", made(ticket, chunked, body=(b"10000\r\n" + bytes(65536) + b"\r\n") * 300)
    yield "chunk extension of 1 MB", made(ticket, chunked, body=b"1;" + b"x" * _MB + b"\r\nx\r\n0\r\n\r\n")
    bomb = gzip.compress(bytes(80 * _MB), 1)
    form = "Content-Type: application/x-www-form-urlencoded"
    for where in (ticket, f"{ticket}/attachments/{'a' * 64}", f"PUT /api/v1/devices/{device.id}", login):
        kind = form if where == login else "Content-Type: application/json"
        own = "Sec-Fetch-Site: same-origin"
        yield f"gzip bomb to {where[:20]}", sized(where, bomb, "Content-Encoding: gzip", kind, own)
    fields = b"&".join(b"a%d=b" % n for n in range(3000))
    yield "form of 3,000 fields", sized(login, fields, form, "Sec-Fetch-Site: same-origin")
    yield "form of NULs and %", sized(login, b"login=%00%ff%&password=%", form, "Sec-Fetch-Site: same-origin")
    yield "form in parts", sized(login, b"--x\r\n", "Content-Type: multipart/form-data; boundary=x")
    for name in ("Cookie", "Accept-Language", "If-None-Match", "Content-Type", "Authorization", "Range", "Origin"):
        yield f"{name} of 60 kB", made("GET /api/v1/desk", f"{name}: {'x=y;,' * 12_000}")
    ranges = ",".join(f"{n}-{n}" for n in range(9000))
    yield "9,000 ranges of one file", made("GET /static/deskbell.css", f"Range: bytes={ranges}")
    yield "ranges backwards", made("GET /static/deskbell.css", "Range: bytes=9-1,-0,--5,99999999999999999999-")
    yield "no host", made("GET /console/login", host=False)
    yield "strange host", made("GET /console/", "Host: <script>").replace(b"Host: desk\r\n", b"")
    yield "HTTP/0.9", b"GET /\r\n\r\n"
    yield "HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield "TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300)
    yield "bytes without a meaning", bytes(range(256)) * 100
    yield "100-continue", sized(ticket, b"{}", "Expect: 100-continue")
    yield "upgrade to a web socket", made("GET /console/", "Connection: Upgrade", "Upgrade: websocket")
    yield "50 requests at once", made("GET /healthz") * 50
    whole = json.dumps(manifest(attachments=[attachment(b"words")])).encode()
    for length in ("-1", "0", "1", "999999999", "9" * 30, str(len(whole) - 1), str(len(whole) + 1), "x", ""):
        kind = f"Content-Type: application/vnd.deskbell.report; manifest={length}"
        yield f"whole report, manifest={length[:10]}", sized(ticket, whole + b"words", kind)


def exchange(url: str, raw: bytes) -> list[int]:
    """Send, hang up the sending half, and read: the statuses that came back, none where the server hung up.

    Raises TimeoutError where it does neither.
    """
    host, port = urlsplit(url).hostname, urlsplit(url).port
    said = bytearray()
    with socket.create_connection((host, port), _LIMIT_S) as line:
        try:
            line.sendall(raw)
            line.shutdown(socket.SHUT_WR)
            while piece := line.recv(65536):
                said += piece
        except TimeoutError:
            raise
        except OSError:
            pass  # it has heard enough, and hung up
    return [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3}) ", bytes(said), re.MULTILINE)]
