"""Content that nobody sends by accident: files that grow, bodies that mean two things, words that want to be code."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, PngImagePlugin

from tests.server.rig import attachment, manifest, png

SCRIPT = "<script>alert('x')</script>\"'&<img src=x onerror=alert(1)>"
WORDS = {
    "script": SCRIPT,
    "closing tags": "</textarea></title></style></script><svg/onload=alert(1)>",
    "template": "{{ 7*7 }}{% raw %}${7*7}#{7*7}<%= 7*7 %>{0}%s%n",
    "formula": '=HYPERLINK("http://evil.test";"x")',
    "formula with a sign": "@SUM(1+1)*cmd|' /C calc'!A0",
    "NUL": "before\x00after",
    "CR and LF": "x\r\nSet-Cookie: canary=1\r\n\r\n<b>",
    "RTL override": "invoice\u202egpj.exe",
    "isolates": "a\u2066b\u2069c\u200f",
    "controls": "".join(map(chr, [*range(1, 9), 11, 12, *range(14, 32), *range(127, 160)])),
    "zalgo": "Z" + "\u0300\u0323\u0489" * 60,
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 8,
    "noncharacters": "\ufffe\uffff\U0010ffff\ufeff",
    "javascript address": "javascript:alert(1)//http://evil.test",
    "traversal": "../../../../etc/passwd",
    "drive": "C:\\Windows\\..\\CON",
    "device name": "CON",
    "quotes": "'; DROP TABLE tickets;--",
    "spaces": " \t\n\u00a0\u2028\u2029 ",
    "nothing": "",
}
NAMES = (
    *("../../x", "..\\..\\x.exe", "CON", "nul.txt", "x" * 255, "a\r\nSet-Cookie: canary=1", SCRIPT, "gnp\u202e.exe"),
    *(".htaccess", "-rf", "a\x00.png", "", '"; filename="x.html', "%2e%2e%2fx", "=1+1.csv"),
)


@dataclass(frozen=True, slots=True)
class Bomb:
    """A file to attach. `is_shown`: it is a harmless picture once it is copied."""

    name: str
    content: bytes = field(repr=False)
    file_name: str
    is_shown: bool = False


def files() -> Iterator[Bomb]:
    """Attachments of every hostile kind."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
    page = b"<!doctype html><script>alert(document.domain)</script>"
    yield Bomb("2,500 million pixels in 3 kB", png_of(50_000, 50_000, bytes(1000)), "display-1.png")
    yield Bomb("as many as are allowed, and one", png_of(40_000_001, 1, bytes(1000)), "wide.png")
    yield Bomb("pixels that grow to 80 MB", png_of(100, 100, bytes(80_000_000)), "idat.png", is_shown=True)
    yield Bomb("text chunk that grows to 80 MB", with_chunk(b"zTXt", b"a\0\0" + packed(80_000_000)), "text.png")
    yield Bomb("profile that grows to 80 MB", with_chunk(b"iCCP", b"a\0\0" + packed(80_000_000)), "icc.png")
    yield Bomb("chunk longer than the file", png()[:-12] + b"\xff\xff\xff\xffIEND", "long.png", is_shown=True)
    yield Bomb("200 frames (APNG)", apng(200), "moving.png", is_shown=True)
    yield Bomb("10,000 frames that are not there (APNG)", with_frames(10_000), "still.png")
    yield Bomb("10,000 scans (JPEG)", endless_scans(10_000), "scans.jpg")
    yield Bomb(
        "65,535 × 65,535 (GIF)",
        b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\0\0\0\0\xff\xff\xff\xff\0\x02\x02L\x01\0;",
        "a.gif",
    )
    yield Bomb(
        "negative height (BMP)",
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 99, 0, 0, 54, 40, 9, -(2**31), 1, 24, 0, 0, 0, 0, 0, 0),
        "b.bmp",
    )
    yield Bomb("trailing data", png() + b"\0" * 500_000 + page, "trailing.png", is_shown=True)
    yield Bomb("page behind a picture", png() + page, "polyglot.png", is_shown=True)
    yield Bomb("page in a picture", with_chunk(b"tEXt", b"Comment\0" + page), "comment.png", is_shown=True)
    yield Bomb("position and words (EXIF)", with_position(), "photo.jpg", is_shown=True)
    yield Bomb("archive behind a picture", png() + zip_bomb(), "archive.png", is_shown=True)
    yield Bomb("zip of 100 MB of nothing", zip_bomb(), "data.zip")
    yield Bomb("gzip of 80 MB of nothing", gzip.compress(bytes(80_000_000), 1), "log.gz")
    yield Bomb("SVG", svg, "picture.svg")
    yield Bomb("SVG called PNG", svg, "picture.png")
    yield Bomb("page called PNG", page, "page.png")
    yield Bomb(
        "PDF with JavaScript", b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>", "paper.pdf"
    )
    yield Bomb("program", b"MZ" + bytes(200), "setup.exe")
    yield Bomb("PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99999 99999\n", "page.eps")
    yield Bomb("nothing", b"", "empty.png")
    for claimed in NAMES:
        yield Bomb(f"called {claimed[:30]!r}", png(colour="#123456"), claimed, is_shown=True)


def bodies(report_id: str) -> Iterator[tuple[str, bytes]]:
    """Bodies of a report that must be refused. None is larger than its limit by much."""
    good = json.dumps(manifest(report_id=report_id)).encode()

    def put(raw: bytes) -> bytes:
        return good.replace(b'"facts":', raw + b', "facts":', 1)

    yield "depth of 100,000", b'{"a":' * 51_000 + b"1" + b"}" * 100
    yield "lists of depth 100,000", b"[" * 100_000 + b"]" * 100_000
    yield "depth inside a report", put(b'"x": ' + b"[" * 90_000 + b"]" * 90_000)
    yield "key twice", put(b'"text": "other"')
    yield "key twice, deep", put(b'"x": {"a": 1, "a": 2}')
    yield "key twice, escaped", put(b'"\\u0074ext": "other"')
    yield "NaN", put(b'"x": NaN')
    yield "infinity", put(b'"x": -Infinity')
    yield "number of 100,000 digits", put(b'"x": ' + b"9" * 100_000)
    yield "1e999999", put(b'"x": 1e999999').replace(b'"blocking": false', b'"blocking": 1e999999')
    yield "lone surrogate, escaped", good.replace(b"Outlook", b"\\ud800")
    yield "lone surrogate in a key", put(b'"\\udfff": 1')
    yield "lone surrogate in UTF-8", good.replace(b"Outlook", b"\xed\xa0\x80")
    yield "overlong UTF-8", good.replace(b"Outlook", b"\xc0\xaf")
    yield "UTF-16", good.decode().encode("utf-16")
    yield "byte order mark", b"\xef\xbb\xbf" + good
    yield "NUL as a byte", good.replace(b"Outlook", b"\0")
    yield "two documents", good + good
    yield "a list", b"[" + good + b"]"
    yield "nothing", b""
    yield "text of 1 MB", json.dumps(manifest(report_id=report_id, text="x" * 1_000_000)).encode()
    yield "text of 20,001 letters", json.dumps(manifest(report_id=report_id, text="x" * 20_001)).encode()
    yield "name of 300 letters", _with(report_id, attachments=[attachment(b"x", name="x" * 300)])
    yield "100,000 keys", put(b",".join(b'"k%d": 1' % n for n in range(100_000)))
    yield "201 facts", _with(report_id, facts=[{"key": "k", "label": "l", "value": "v", "alarm": None}] * 201)
    yield "41 attachments", _with(report_id, attachments=[attachment(bytes([n])) for n in range(41)])
    yield "attachment of a terabyte", _with(report_id, attachments=[attachment(b"x", bytes=2**40)])
    yield "time beyond time", _with(report_id, created_at="99999-01-01T00:00:00Z")
    yield "gzip", gzip.compress(good)
    yield "a page", b"<!doctype html><script>alert(1)</script>"


def fields() -> dict[str, Callable[[str], dict[str, Any]]]:
    """Every text field of a report, by how to put words there."""
    fact = {"key": "k", "label": "l", "value": "v", "alarm": None}
    who = {"name": "n", "user": "u", "host": "h"}

    def shown(**changes: Any) -> dict[str, Any]:
        return {"attachments": [attachment(png(), **changes)]}

    display = attachment(b"")["display"]
    return {
        "text": lambda words: {"text": words},
        "category": lambda words: {"category": words[:40]},
        "language": lambda words: {"language": words[:35]},
        "client": lambda words: {"client": words[:100]},
        **{f"requester.{part}": lambda words, part=part: {"requester": {**who, part: words[:255]}} for part in who},
        **{f"facts.{part}": lambda words, part=part: {"facts": [{**fact, part: words[:60] or "k"}]} for part in fact},
        "attachment.name": lambda words: shown(name=words[:255]),
        "display.name": lambda words: shown(display={**display, "name": words[:255]}),
    }


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def packed(size: int) -> bytes:
    return zlib.compress(bytes(size), 1)


def png_of(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG that says this size and brings these rows, packed."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels, 1)) + chunk(b"IEND", b"")


def with_chunk(name: bytes, body: bytes) -> bytes:
    """A good PNG with one more chunk after its head."""
    whole = png()
    return whole[:33] + chunk(name, body) + whole[33:]


def apng(count: int) -> bytes:
    """A PNG that moves."""
    out = io.BytesIO()
    frames = [Image.new("RGB", (64, 40), (n % 256, 0, 0)) for n in range(count)]
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    return out.getvalue()


def with_frames(count: int) -> bytes:
    """A PNG that says it moves, and brings no pictures to show."""
    whole = png()
    frame = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 1, 64, 40, 0, 0, 1, 100, 0, 0))
    return whole[:33] + chunk(b"acTL", struct.pack(">II", count, 0)) + frame * count + whole[33:]


def endless_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    out = io.BytesIO()
    Image.new("L", (3000, 2000), 128).save(out, "JPEG", progressive=True)
    head, marker, scan = out.getvalue()[:-2].rpartition(b"\xff\xda")
    return head + (marker + scan) * count + b"\xff\xd9"


def with_position() -> bytes:
    """A photograph that says where it was taken, and by whom."""
    exif = Image.Exif()
    exif[0x013B] = "canary-artist"
    exif.get_ifd(0x8825)[1] = "canary-north"
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "#ff8800").save(out, "JPEG", exif=exif, comment=b"canary-comment")
    return out.getvalue()


def largest_picture() -> bytes:
    """An honest picture of an 8K display, and some more: the most that is shown."""
    words = PngImagePlugin.PngInfo()
    out = io.BytesIO()
    Image.new("RGBA", (8000, 5000), "#2d5f9aff").save(out, "PNG", compress_level=1, pnginfo=words)
    return out.getvalue()


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(10):
            archive.writestr(f"{number}.txt", bytes(10_000_000))
    return out.getvalue()


def _with(report_id: str, **changes: Any) -> bytes:
    return json.dumps(manifest(report_id=report_id, **changes)).encode()
