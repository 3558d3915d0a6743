"""Hostile content and requests: refused or made harmless, never 5xx, in bounded memory, and others are served."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import requests
from PIL import Image

from server_stub.pictures import MOST_PIXELS
from tests.faults import hostile, wire
from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.premises import RunningServer, premises, running
from tests.server.rig import Agent, Device, attachment, digest, manifest, png

MIB = 1024 * 1024
# What anything hostile may cost: some pieces of an upload, a body of 256 KiB as objects, a small picture, a page.
# Unpacked or decoded as they ask for, they would take 80 MB to 7.5 GB.
MOST_FOR_BOMBS = 48 * MIB
# Two honest pictures of the largest size may be copied at once, each decoded, converted, and on the way to a smaller
# one: less than two and a half times four bytes a pixel.
MOST_FOR_PICTURES = round(2 * 2.5 * 4 * MOST_PIXELS) + MOST_FOR_BOMBS
_KINDS = ("image/png", "image/webp")
_FORBIDDEN = ("script", "iframe", "object", "embed", "svg", "math", "style", "form-x", "textarea", "base")
# The one text box of the agent's own form, with exactly these.
_OURS = [("id", "text"), ("name", "text"), ("rows", "5"), ("maxlength", "20000"), ("dir", "auto")]


@dataclass
class Sweep:
    """What was tried so far and what did not survive."""

    server: RunningServer
    device: Device
    agent: Agent
    tried: int = 0
    failed: int = 0
    findings: list[str] = field(default_factory=list)

    def note(self, name: str, wrong: list[str]) -> None:
        self.tried += 1
        self.failed += bool(wrong)
        self.findings += [f"{name}: {each}" for each in wrong]


class Markup(HTMLParser):
    """What a page is made of. Words of a report must be none of it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.text = ""
        self.has_ours = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "textarea" and attrs == _OURS and not self.has_ours:
            self.has_ours = True
        elif tag in _FORBIDDEN or any(name.startswith("on") for name, _ in attrs):
            self.wrong.append(f"the page has a <{tag}> of the report's")
        for name, value in attrs:
            if name in ("href", "src") and not (value or "").startswith(("/", "#")):
                self.wrong.append(f"the page leads to {value}")

    def handle_data(self, data: str) -> None:
        self.text += data


def run(plan: Plan) -> Result:
    place = premises(plan.folder)
    with running(place, plan.folder, "--reports-per-hour", "100000") as server:
        agent = Agent(server)
        with agent.session:
            assert agent.log_in().status_code == 303
            sweep = Sweep(server, server.device(), agent)
            _show(sweep, attachment(png()), png())  # what everybody needs once is loaded now
            before = server.forget_peak()
            _bodies(sweep)
            _words(sweep, each_alone=plan.is_full)
            _files(sweep)
            _requests(sweep)
            bombs = server.peak_bytes() - before
            _largest_pictures(sweep)
            pictures = server.peak_bytes() - before
        sweep.note("memory of bombs", [f"{bombs / MIB:.0f} MiB"] if bombs > MOST_FOR_BOMBS else [])
        sweep.note("memory of pictures", [f"{pictures / MIB:.0f} MiB"] if pictures > MOST_FOR_PICTURES else [])
        log = server.log()
        sweep.note("log", [log[-1500:]] if re.search("fault in|Traceback|canary|alert", log) else [])
        sweep.note("process", [] if server.is_alive() else ["the server ended"])
    figures = {"MiB for bombs": round(bombs / MIB), "MiB for the largest pictures": round(pictures / MIB)}
    return Result(sweep.tried, sweep.tried - sweep.failed, tuple(sweep.findings), figures)


def _bodies(sweep: Sweep) -> None:
    report_id = str(uuid.uuid4())
    for name, raw in hostile.bodies(report_id):
        answer = sweep.device.submit(raw, report_id)
        wrong = list(_refusal(answer))
        if len(answer.content) > 2000:
            wrong.append(f"the answer has {len(answer.content)} bytes")
        sweep.note(name, wrong)
    sweep.note("nothing was made of them", [] if sweep.device.read(report_id).status_code == 404 else ["a ticket"])


def _refusal(answer: requests.Response) -> Iterator[str]:
    if not 400 <= answer.status_code < 500:
        yield f"answered {answer.status_code}"
    elif set(answer.json()["error"]) != {"code", "title", "detail"}:
        yield "an error of another shape"


def _words(sweep: Sweep, *, each_alone: bool) -> None:
    for name, words in hostile.WORDS.items():
        makers = list(hostile.fields().items())
        changes = [({"in": field}, make(words)) for field, make in makers]
        if not each_alone:
            whole: dict[str, Any] = {}
            for _, change in changes:
                whole |= change
            changes = [({"in": "every field"}, whole)]
        for where, change in changes:
            sweep.note(f"{name} in {where['in']}", list(_as_words(sweep, manifest(**change), words)))


def _as_words(sweep: Sweep, report: dict[str, Any], words: str) -> Iterator[str]:
    made = sweep.device.submit(report)
    if made.status_code != 201:
        yield f"answered {made.status_code} {made.text[:200]}"
        return
    own = sweep.device.read(report["report_id"])
    if own.status_code != 200 or own.json()["text"] != own.json()["text"].replace("\u202e", "").replace("\0", ""):
        yield "comes back with characters that turn or end words"
    for path in ("/console/", f"/console/tickets/{report['report_id']}"):
        page = sweep.agent.get(path)
        yield from _page(page)
        if any(mark in page.text for mark in ("\u202e", "\u2066", "\x00", "\x07", "\x1b")):
            yield f"{path} shows control characters"
        if words.strip() and "49" in words and "7*7" not in page.text:
            yield "a template was worked out"


def _page(page: requests.Response) -> Iterator[str]:
    if page.status_code != 200:
        yield f"the page answers {page.status_code}"
        return
    yield from Markup(page.text).wrong
    policy = page.headers["Content-Security-Policy"]
    if "default-src 'none'" not in policy or "script-src" in policy or "unsafe" in policy:
        yield f"policy {policy}"
    if page.headers["X-Content-Type-Options"] != "nosniff" or "canary" in str(page.headers):
        yield f"headers {page.headers}"


def _files(sweep: Sweep) -> None:
    for bomb in hostile.files():
        described = attachment(bomb.content, name=bomb.file_name)
        try:
            wrong = list(_file(sweep, bomb, _show(sweep, described, bomb.content)))
        except requests.RequestException as error:
            wrong = [f"no answer: {error!r}"]
        sweep.note(bomb.name, wrong)


def _show(sweep: Sweep, described: dict[str, Any], content: bytes) -> requests.Response:
    """File it, and open the page of its ticket."""
    report = manifest(attachments=[described])
    assert sweep.device.submit(report).status_code == 201
    assert sweep.device.upload(report["report_id"], content).status_code == 201
    return sweep.agent.get(f"/console/tickets/{report['report_id']}")


def _file(sweep: Sweep, bomb: hostile.Bomb, page: requests.Response) -> Iterator[str]:
    yield from _page(page)
    shown = re.findall(r'<img src="(/attachments/[^"]+)"', page.text)
    if bool(shown) != bomb.is_shown:
        yield "is shown" if shown else "is not shown"
    links = re.findall(r'"(/attachments/[^"]+)"', page.text)
    for number, link in enumerate(dict.fromkeys(links)):
        answer = sweep.server.get(link)
        if answer.status_code != 200:
            yield f"link {number} answers {answer.status_code}"
            continue
        headers = answer.headers
        if not headers["Content-Security-Policy"].startswith("sandbox;") or "Set-Cookie" in headers:
            yield f"link {number}: {headers}"
        if headers["X-Content-Type-Options"] != "nosniff":
            yield f"link {number} may be sniffed"
        if headers["Content-Disposition"] == "inline":
            yield from _copy(bomb, answer)
        else:
            yield from _original(bomb, answer)


def _copy(bomb: hostile.Bomb, answer: requests.Response) -> Iterator[str]:
    """A copy is a picture, and nothing but its pixels."""
    if answer.headers["Content-Type"] not in _KINDS or answer.content == bomb.content:
        yield f"shown as {answer.headers['Content-Type']}"
    with Image.open(io.BytesIO(answer.content)) as picture:
        if (
            getattr(picture, "n_frames", 1) != 1
            or picture.getexif()
            or set(picture.info) - {"transparency", "loop", "background"}
        ):
            yield f"carries {picture.info}"
    if any(mark in answer.content for mark in (b"canary", b"script", b"PK\x03\x04", b"alert")):
        yield "carries what is no picture"


def _original(bomb: hostile.Bomb, answer: requests.Response) -> Iterator[str]:
    """The original is saved under a harmless name, byte for byte, and opened as nothing."""
    if answer.headers["Content-Type"] != "application/octet-stream" or digest(answer.content) != digest(bomb.content):
        yield f"saved as {answer.headers['Content-Type']}"
    disposition = answer.headers["Content-Disposition"]
    if not disposition.startswith("attachment; filename"):
        yield disposition
    if re.search(r"\.\./|%2F|[\\/<>\r\n]|=\"(CON|nul)\b", disposition.replace("utf-8''", ""), re.IGNORECASE):
        yield f"saved as {disposition}"


def _requests(sweep: Sweep) -> None:
    session = sweep.agent.session.cookies["deskbell_session"]
    for name, raw in wire.requests(sweep.device, session):
        try:
            wrong = [f"answered {status}" for status in wire.exchange(sweep.server.url, raw) if status >= 500]
        except TimeoutError:
            wrong = ["neither answered nor hung up"]
        if sweep.server.get("/healthz").status_code != 200:
            wrong.append("nobody is served any more")
        sweep.note(name, wrong)


def _largest_pictures(sweep: Sweep) -> None:
    """Four honest pictures of the largest size, asked for at the same time, while others are served."""
    largest = hostile.largest_picture()
    pages = [_show(sweep, attachment(copy), copy) for copy in (largest + bytes([n]) for n in range(4))]
    links = [re.findall(r'<img src="(/attachments/[^"]+)"', page.text)[0] for page in pages]
    with ThreadPoolExecutor(len(links)) as pool:
        copies = [pool.submit(requests.get, sweep.server.url + link, timeout=120) for link in links]
        sweep.note("others meanwhile", [] if sweep.device.get("/api/v1/desk").status_code == 200 else ["not served"])
        for copy in copies:
            sweep.note("largest picture", [] if copy.result().status_code == 200 else [copy.result().text[:200]])


CAMPAIGN = Campaign(
    name="bombs",
    promise="hostile content is refused or made harmless, in bounded memory, and nobody else notices",
    short=1,
    full=1,
    run=run,
)
