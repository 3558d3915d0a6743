"""Attachments: shown only as copies made here, saved only as bytes that nothing runs."""

from __future__ import annotations

import io
import re
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from PIL import Image, PngImagePlugin

from server_stub.file_names import file_name
from server_stub.links import Form, Links, Wanted
from server_stub.parts import THREADS
from server_stub.pictures import NotAPicture, Pictures
from tests.server.rig import Agent, Device, FakeClock, attachment, manifest, png


def jpeg_with_position() -> bytes:
    """A photograph that says where it was taken and which way is up."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "canary-north"
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "#ff8800").save(out, "JPEG", exif=exif, comment=b"canary-comment")
    return out.getvalue()


def png_with_words() -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "canary-text")
    return png(pnginfo=words, icc_profile=b"canary-profile")


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def huge(width: int, height: int) -> bytes:
    """A picture of many pixels in few bytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(document.domain)</script>"


class Shown:
    """What a ticket's page offers of one attachment."""

    def __init__(self, agent: Agent, device: Device, content: bytes, **changes: object) -> None:
        report = manifest(attachments=[attachment(content, **changes)])
        assert device.submit(report).status_code == 201
        assert device.upload(report["report_id"], content).status_code == 201
        self.page = agent.get(f"/console/tickets/{report['report_id']}").text
        self._url = device.server.url
        self.inline = re.findall(r'<img src="([^"]+)"', self.page)
        self.links = re.findall(r'<a href="(/attachments/[^"]+)"', self.page)

    def get(self, path: str) -> requests.Response:
        return requests.get(self._url + path, timeout=20)

    @property
    def original(self) -> requests.Response:
        return self.get(self.links[-1])

    @property
    def full(self) -> requests.Response:
        return self.get(self.links[0])


def decoded(answer: requests.Response) -> Image.Image:
    with Image.open(io.BytesIO(answer.content)) as picture:
        picture.load()
        return picture


def test_a_picture_is_shown_as_a_copy_with_every_pixel(agent: Agent, device: Device) -> None:
    source = Image.effect_noise((200, 100), 90).convert("RGB")
    out = io.BytesIO()
    source.save(out, "PNG")
    shown = Shown(agent, device, out.getvalue())
    assert len(shown.inline) == 1
    full = shown.full
    assert full.headers["Content-Type"] == "image/png"
    assert full.headers["Content-Disposition"] == "inline"
    assert decoded(full).convert("RGB").tobytes() == source.tobytes()
    assert full.content != out.getvalue()


def test_the_picture_in_the_page_is_smaller_and_the_full_one_is_a_click_away(agent: Agent, device: Device) -> None:
    shown = Shown(agent, device, png(3840, 2160))
    assert decoded(shown.get(shown.inline[0])).size == (1600, 900)
    assert decoded(shown.full).size == (3840, 2160)
    assert 'width="3840" height="2160"' in shown.page


def test_the_original_is_saved_byte_for_byte(agent: Agent, device: Device) -> None:
    content = png()
    original = Shown(agent, device, content, name="display-1.png").original
    assert original.content == content
    assert original.headers["Content-Disposition"] == 'attachment; filename="display-1.png"'
    assert original.headers["Content-Type"] == "application/octet-stream"


def test_what_comes_from_elsewhere_is_served_in_a_sandbox_without_a_session(agent: Agent, device: Device) -> None:
    shown = Shown(agent, device, png())
    for answer in (shown.get(shown.inline[0]), shown.full, shown.original):
        assert answer.status_code == 200
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in answer.headers
    assert not any(link.startswith("/console") for link in shown.links + shown.inline)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (SVG, "picture.svg"),
        (SVG, "picture.png"),
        (HTML, "picture.png"),
        (huge(50_000, 50_000), "bomb.png"),
        (huge(40_000, 1001), "bomb.png"),
        (huge(0, 0), "nothing.png"),
        (b"%PDF-1.7", "paper.pdf"),
        (b"MZ", "setup.exe"),
        (b"", "empty.png"),
        (b"\x89PNG\r\n\x1a\n", "stub.png"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "page.eps"),
    ],
    ids=["svg", "svg-as-png", "html-as-png", "bomb", "wide-bomb", "no-pixels", "pdf", "exe", "empty", "stub", "eps"],
)
@pytest.mark.parametrize("kind", ["screenshot", "file"])
def test_what_is_no_harmless_picture_is_never_inline(
    agent: Agent, device: Device, content: bytes, name: str, kind: str
) -> None:
    shown = Shown(agent, device, content, name=name, kind=kind)
    assert shown.inline == []
    assert len(shown.links) == 1
    assert shown.original.headers["Content-Disposition"].startswith("attachment")
    assert shown.original.headers["Content-Type"] == "application/octet-stream"
    assert "This cannot be shown here" in shown.page


def test_a_picture_that_is_also_a_page_is_shown_without_the_page(agent: Agent, device: Device) -> None:
    shown = Shown(agent, device, png() + HTML)
    for answer in (shown.full, shown.get(shown.inline[0])):
        assert b"script" not in answer.content
        assert answer.headers["Content-Type"].startswith("image/")


def scans(count: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again: sixty bytes each, and a pass over all pixels."""
    out = io.BytesIO()
    Image.new("L", (640, 400), 128).save(out, "JPEG", progressive=True)
    head, marker, scan = out.getvalue()[:-2].rpartition(b"\xff\xda")
    return head + (marker + scan) * count + b"\xff\xd9"


def test_a_picture_of_endless_scans_is_not_shown(agent: Agent, device: Device) -> None:
    assert Shown(agent, device, scans(1)).full.status_code == 200
    bomb = Shown(agent, device, scans(20_000))
    assert bomb.inline == []
    assert bomb.original.status_code == 200


def test_slow_pictures_keep_nobody_else_waiting(agent: Agent, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """More requests for pictures than the server has threads, each taking for ever."""
    begun, over = threading.Semaphore(0), threading.Event()

    def slow(*_: object) -> Path:
        begun.release()
        assert over.wait(30)
        raise NotAPicture

    monkeypatch.setattr(Pictures, "make", slow)
    shown = [Shown(agent, device, png(colour=f"#0000{n:02x}")) for n in range(THREADS + 4)]
    with ThreadPoolExecutor(len(shown)) as pool:
        waiting = [pool.submit(lambda one: one.full, one) for one in shown]
        try:
            assert begun.acquire(timeout=20)
            assert device.get("/api/v1/desk").status_code == 200
            assert agent.get("/console/").status_code == 200
        finally:
            over.set()
        assert {future.result(20).status_code for future in waiting} == {404}


def test_a_damaged_picture_is_not_shown(agent: Agent, device: Device) -> None:
    whole = png(300, 300, compress_level=0)
    shown = Shown(agent, device, whole[: len(whole) // 2])
    assert [shown.get(path).status_code for path in shown.inline] == [404]
    assert shown.original.status_code == 200


@pytest.mark.parametrize("content", [png_with_words(), jpeg_with_position()], ids=["png", "jpeg"])
def test_a_copy_carries_nothing_but_pixels(agent: Agent, device: Device, content: bytes) -> None:
    assert b"canary" in content
    shown = Shown(agent, device, content)
    for answer in (shown.full, shown.get(shown.inline[0])):
        assert answer.status_code == 200
        assert b"canary" not in answer.content
        assert decoded(answer).getexif() == {}


def test_a_photograph_is_shown_the_right_way_up(agent: Agent, device: Device) -> None:
    assert decoded(Shown(agent, device, jpeg_with_position()).full).size == (40, 60)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_pictures_of_every_kind_can_be_shown(agent: Agent, device: Device, mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (1700, 20)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    shown = Shown(agent, device, out.getvalue())
    assert decoded(shown.full).size == (1700, 20)
    assert decoded(shown.get(shown.inline[0])).size == (1600, 19)


def test_copies_are_made_once(agent: Agent, device: Device) -> None:
    shown = Shown(agent, device, png())
    made = lambda: {p: p.stat().st_mtime_ns for p in (device.server.data / "previews").rglob("*.*")}  # noqa: E731
    shown.full, shown.get(shown.inline[0])
    first = made()
    assert len(first) == 2
    shown.full, shown.get(shown.inline[0])
    assert made() == first


def test_a_link_ends_after_some_minutes_and_cannot_be_made_up(agent: Agent, device: Device, clock: FakeClock) -> None:
    shown = Shown(agent, device, png())
    link = shown.links[-1]
    clock.forward(minutes=9)
    assert shown.get(link).status_code == 200
    for forged in (
        link[:-4] + "AAAA",
        link.replace(".", ""),
        link + "x",
        "/attachments/.",
        "/attachments/é.ü",
        "/attachments/x",
    ):
        assert shown.get(forged).status_code == 404, forged
    clock.forward(minutes=12)
    assert shown.get(link).status_code == 404


def test_a_link_signed_with_another_key_opens_nothing(agent: Agent, device: Device, clock: FakeClock) -> None:
    report = manifest(attachments=[attachment(png())])
    device.submit(report)
    device.upload(report["report_id"], png())
    wanted = Wanted(report["report_id"], 0, Form.ORIGINAL)
    key = (device.server.data / "links.key").read_bytes()
    good, bad = Links(key, clock).token(wanted), Links(bytes(32), clock).token(wanted)
    assert device.server.get(f"/attachments/{good}").status_code == 200
    assert device.server.get(f"/attachments/{bad}").status_code == 404


def test_an_awaited_attachment_has_no_link(agent: Agent, device: Device, clock: FakeClock) -> None:
    report = manifest(attachments=[attachment(png())])
    device.submit(report)
    assert "/attachments/" not in agent.get(f"/console/tickets/{report['report_id']}").text
    links = Links((device.server.data / "links.key").read_bytes(), clock)
    token = links.token(Wanted(report["report_id"], 0, Form.PICTURE))
    assert device.server.get(f"/attachments/{token}").status_code == 404


@pytest.mark.parametrize(
    ("claimed", "saved"),
    [
        ("display-1.png", "display-1.png"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\Windows\\x.exe", "C__Windows_x.exe"),
        ("CON", "attachment-CON"),
        ("nul.txt", "attachment-nul.txt"),
        ("a\r\nSet-Cookie: b=c", "a Set-Cookie_ b=c"),
        ("gnp\u202e.exe", "gnp.exe"),
        ("", f"attachment-{'0' * 8}"),
        ("...", f"attachment-{'0' * 8}"),
        (f"{'x' * 250}.png", f"{'x' * 108}.png"),
        ("Ärger „1“.png", "Ärger „1“.png"),
    ],
)
def test_a_claimed_name_becomes_a_harmless_one(claimed: str, saved: str) -> None:
    assert file_name(claimed, "0" * 64) == saved


def test_every_claimed_name_can_be_saved_under(agent: Agent, device: Device) -> None:
    for name in ("Ärger „1“.png", 'a"b.txt', "a\r\nX: y", "日本.txt", ""):
        original = Shown(agent, device, b"x", name=name, kind="file").original
        assert original.status_code == 200
        assert "X" not in original.headers
        assert original.headers["Content-Disposition"].startswith("attachment; filename")


def test_the_cache_of_copies_may_be_deleted(agent: Agent, device: Device) -> None:
    shown = Shown(agent, device, png())
    assert shown.full.status_code == 200
    for path in sorted(Path(device.server.data / "previews").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert shown.full.status_code == 200
