"""The agents' pages: who gets in, what they show, and that nothing a report says becomes markup."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
import requests
from argon2 import PasswordHasher
from sqlalchemy import insert, select

from server_stub.store.tables import devices, sessions, tickets
from tests.server.rig import (
    PASSWORD,
    Agent,
    Device,
    FakeClock,
    Server,
    attachment,
    command,
    digest,
    manifest,
    png,
    stored,
)  # fmt: skip

pytestmark = pytest.mark.both

HOSTILE = "<script>alert('x')</script>\"'&<img src=x onerror=alert(1)>"


class Controls(HTMLParser):
    """Finds controls without a label, and anything that a strict page must not have."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.labelled: set[str] = set()
        self.inputs: list[dict[str, str | None]] = []
        self.forbidden: list[str] = []
        self.landmarks: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "label":
            self.labelled.add(given["for"] or "")
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.inputs.append(given)
        if tag in ("script", "style", "iframe", "object") or any(name == "style" or name[:2] == "on" for name in given):
            self.forbidden.append(tag)
        if tag in ("main", "header", "nav"):
            self.landmarks.add(tag)


def pages(agent: Agent, device: Device) -> dict[str, requests.Response]:
    """One of each page."""
    report = manifest(attachments=[attachment(png())])
    device.submit(report)
    device.upload(report["report_id"], png())
    stranger = Agent(device.server)
    with stranger.session:
        found = {
            "login": stranger.get("/console/login"),
            "wrong": stranger.log_in(password="wrong password"),
            "redirect": stranger.get("/console/"),
        }
    return {
        **found,
        "queue": agent.get("/console/"),
        "ticket": agent.get(f"/console/tickets/{report['report_id']}"),
        "absent": agent.get("/console/tickets/nothing"),
        "nowhere": agent.get("/console/nowhere"),
        "foreign form": agent.post("/console/duty", {"on": "yes"}, headers={}),
        "docs": agent.get("/api/docs"),
    }


def test_every_answer_of_the_console_carries_a_strict_policy(agent: Agent, device: Device) -> None:
    for name, page in pages(agent, device).items():
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, name
        assert "frame-ancestors 'none'" in policy, name
        assert "unsafe" not in policy, name
        assert "script-src" not in policy, name
        assert page.headers["X-Content-Type-Options"] == "nosniff", name
        assert page.headers["Referrer-Policy"] == "same-origin", name
        if name not in ("docs", "redirect"):
            assert page.headers["Cache-Control"] == "no-store", name


def test_every_page_needs_no_script_and_labels_its_controls(agent: Agent, device: Device) -> None:
    for name, page in pages(agent, device).items():
        if page.status_code == 303:
            continue
        controls = Controls(page.text)
        assert controls.forbidden == [], name
        assert {"main", "header"} <= controls.landmarks, name
        assert all(control.get("id") in controls.labelled for control in controls.inputs), name
        assert re.search(r'<html lang="[a-z]', page.text), name
        assert re.search(r"<title>[^<]+</title>", page.text), name
    assert len(Controls(pages(agent, device)["login"].text).inputs) == 2


def test_the_style_sheet_is_served_from_here(server: Server) -> None:
    page = server.get("/console/login").text
    address = re.search(r'href="(/static/[^"]+)"', page)
    assert address is not None
    style = server.get(address[1])
    assert style.headers["Content-Type"].startswith("text/css")
    assert "prefers-color-scheme: dark" in style.text
    assert not re.search(r"url\(|@import|https?:", style.text)


def test_without_a_session_every_page_leads_to_the_log_in_and_back(visitor: Agent, device: Device) -> None:
    report = manifest()
    device.submit(report)
    path = f"/console/tickets/{report['report_id']}"
    answer = visitor.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/console/login?back={path.replace('/', '%2F')}"
    assert visitor.get(answer.headers["Location"]).status_code == 200
    entered = visitor.log_in(back=path)
    assert (entered.status_code, entered.headers["Location"]) == (303, path)


@pytest.mark.parametrize(
    "back", ["https://evil.test/", "//evil.test", "/console/../x", "/attachments/x", "javascript:x"]
)
def test_a_log_in_leads_nowhere_else(visitor: Agent, back: str) -> None:
    assert visitor.log_in(back=back).headers["Location"] == "/console/"


def test_a_wrong_password_and_an_unknown_login_look_the_same(visitor: Agent) -> None:
    wrong, unknown = visitor.log_in(password="wrong password"), visitor.log_in(login="nobody")
    assert wrong.status_code == unknown.status_code == 403
    assert wrong.text.replace('value="anna"', "") == unknown.text.replace('value="nobody"', "")
    assert not visitor.session.cookies


def test_an_unknown_login_takes_as_long_as_a_wrong_password(serve: Callable[..., Server], data: Path) -> None:
    assert command("set-password", "anna", "--password-stdin", "--data", str(data), stdin=PASSWORD).returncode == 0
    server = serve(PasswordHasher(), logins_per_quarter=1000, logins_per_quarter_and_address=1000)
    visitor = Agent(server)

    def seconds(login: str) -> float:
        begun = time.perf_counter()
        visitor.log_in(login=login, password="wrong password")
        return time.perf_counter() - begun

    with visitor.session:
        pairs = [(seconds("anna"), seconds("nobody")) for _ in range(5)]
    ratio = statistics.median(unknown / known for known, unknown in pairs)
    assert 0.5 < ratio < 2


def test_the_cookie_goes_to_the_console_alone_and_to_no_script(visitor: Agent) -> None:
    cookie = visitor.log_in().headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Path=/console", "Max-Age=43200"):
        assert part in cookie
    assert "Secure" not in cookie


def test_over_https_the_cookie_is_secure(prepared: tuple[object, str], process: object) -> None:
    from tests.server.rig import Process

    assert isinstance(process, Process)
    proxied = Process(process.data, "--trusted-proxy", "127.0.0.1")
    try:
        server = Server(proxied.start(), prepared[1], process.data)
        visitor = Agent(server)
        headers = {"X-Forwarded-Proto": "https", "Sec-Fetch-Site": "same-origin"}
        with visitor.session:
            answer = visitor.post("/console/login", {"login": "anna", "password": PASSWORD}, headers)
        assert answer.status_code == 303
        assert "Secure" in answer.headers["Set-Cookie"]
    finally:
        proxied.stop()


def test_a_session_ends_by_itself(agent: Agent, clock: FakeClock) -> None:
    clock.forward(hours=11, minutes=59)
    assert agent.get("/console/").status_code == 200
    clock.forward(minutes=1)
    assert agent.get("/console/").status_code == 303


def test_a_log_in_makes_a_new_session_and_ends_the_one_before(agent: Agent) -> None:
    before = agent.session.cookies["deskbell_session"]
    assert agent.log_in().status_code == 303
    assert agent.session.cookies["deskbell_session"] != before
    assert agent.get("/console/").status_code == 200
    agent.session.cookies.set("deskbell_session", before, path="/console")
    stale = requests.get(
        agent.address("/console/"), cookies={"deskbell_session": before}, timeout=20, allow_redirects=False
    )
    assert stale.status_code == 303


def test_a_token_that_the_browser_brings_is_never_taken_over(visitor: Agent) -> None:
    planted = "planted-by-somebody"
    answer = requests.post(
        visitor.address("/console/login"),
        data={"login": "anna", "password": PASSWORD},
        cookies={"deskbell_session": planted},
        headers={"Sec-Fetch-Site": "same-origin"},
        timeout=20,
        allow_redirects=False,
    )
    assert answer.status_code == 303
    assert answer.cookies["deskbell_session"] != planted


def test_only_the_digest_of_a_session_is_kept(agent: Agent, data: Path) -> None:
    token = agent.session.cookies["deskbell_session"]
    with stored(data) as database, database.read() as connection:
        rows = connection.execute(select(sessions)).all()
    assert rows
    assert token not in str(rows)


def test_texts_that_postgresql_does_not_take_are_no_fault_of_ours(agent: Agent, visitor: Agent) -> None:
    assert visitor.log_in(login="an\0na\0", password="wrong").status_code == 403
    assert agent.get("/console/tickets/%00").status_code == 404
    assert agent.get(f"/console/tickets/{'9' * 5000}").status_code == 404


def test_logging_out_ends_this_session_and_everywhere_ends_all(agent: Agent, server: Server) -> None:
    elsewhere, here = Agent(server), Agent(server)
    with elsewhere.session, here.session:
        elsewhere.log_in()
        here.log_in()
        assert here.post("/console/logout", {"where": "here"}).headers["Location"] == "/console/login"
        assert here.get("/console/").status_code == 303
        assert elsewhere.get("/console/").status_code == 200
        agent.post("/console/logout", {"where": "everywhere"})
        assert elsewhere.get("/console/").status_code == 303


def test_a_new_password_ends_all_sessions(agent: Agent, data: Path) -> None:
    assert (
        command("set-password", "anna", "--password-stdin", "--data", str(data), stdin="another one\n").returncode == 0
    )
    assert agent.get("/console/").status_code == 303
    assert agent.log_in(password=PASSWORD).status_code == 403
    assert agent.log_in(password="another one").status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
@pytest.mark.parametrize("path", ["/console/login", "/console/duty", "/console/logout"])
def test_a_form_from_elsewhere_changes_nothing(
    agent: Agent, device: Device, path: str, headers: dict[str, str]
) -> None:
    fields = {"login": "anna", "password": PASSWORD, "on": "yes", "where": "everywhere"}
    assert agent.post(path, fields, headers=headers).status_code == 403
    assert agent.get("/console/").status_code == 200
    assert device.get("/api/v1/desk").json()["on_duty"] == []


def test_reading_pages_changes_nothing(agent: Agent) -> None:
    for path in ("/console/duty", "/console/logout"):
        assert agent.get(path).status_code == 405


def test_guessing_a_password_ends_after_some_attempts(visitor: Agent, clock: FakeClock) -> None:
    for _ in range(10):
        assert visitor.log_in(password="wrong password").status_code == 403
    refused = visitor.log_in()
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) == 901
    assert "Too many attempts" in refused.text
    clock.forward(seconds=901)
    assert visitor.log_in().status_code == 303


def test_guessing_over_many_logins_ends_as_well(serve: Callable[..., Server]) -> None:
    visitor = Agent(serve(logins_per_quarter_and_address=3))
    with visitor.session:
        statuses = [visitor.log_in(login=f"agent-{n}", password="wrong password").status_code for n in range(4)]
    assert statuses == [403, 403, 403, 429]


@pytest.mark.parametrize("fields", [{"x": ""}, {"login": "anna"}, {"login": "\x00" * 100}, {"login": "x" * 9000}])
def test_a_strange_log_in_is_refused_without_trouble(visitor: Agent, fields: dict[str, str]) -> None:
    assert visitor.post("/console/login", fields).status_code == 403


def test_a_form_that_is_none_is_refused(visitor: Agent) -> None:
    for body, kind in (("a=1", "text/plain"), ("x" * 20_000, None), ("%ff=%fe", None), ("&".join(["a=1"] * 50), None)):
        answer = requests.post(
            visitor.address("/console/login"),
            data=body,
            headers={"Sec-Fetch-Site": "same-origin", "Content-Type": kind or "application/x-www-form-urlencoded"},
            timeout=20,
        )
        assert answer.status_code in (400, 413, 415)
        assert answer.headers["Content-Type"].startswith("text/html")


def test_nothing_that_a_report_says_becomes_markup(agent: Agent, device: Device) -> None:
    picture = png()
    report = manifest(
        text=f"{HOSTILE}\n{HOSTILE}",
        category=HOSTILE[:40],
        client=HOSTILE[:100],
        requester={"name": HOSTILE, "user": HOSTILE, "host": HOSTILE},
        facts=[{"key": "window", "label": HOSTILE, "value": HOSTILE, "alarm": HOSTILE}],
        attachments=[
            attachment(picture, name=HOSTILE, display={**attachment(picture)["display"], "name": HOSTILE}),
            attachment(b"text", name=HOSTILE, kind="file", display=None),
        ],
    )
    assert device.submit(report).status_code == 201
    device.upload(report["report_id"], picture)
    device.upload(report["report_id"], b"text")
    for path in ("/console/", f"/console/tickets/{report['report_id']}"):
        page = agent.get(path)
        assert page.status_code == 200
        assert "&lt;script&gt;alert(" in page.text
        assert Controls(page.text).forbidden == []
        assert "<script" not in page.text
        assert "src=x" not in page.text.replace("&lt;img src=x", "")


def test_template_marks_in_a_report_are_just_text(agent: Agent, device: Device) -> None:
    report = manifest(text="{{ 7*7 }} {number} %(n)s {% raw %}")
    device.submit(report)
    for path in ("/console/", f"/console/tickets/{report['report_id']}"):
        assert "{{ 7*7 }} {number} %(n)s {% raw %}" in agent.get(path).text


def test_the_queue_shows_newest_first_and_marks_who_waits_longest(
    agent: Agent, device: Device, clock: FakeClock
) -> None:
    device.submit(manifest(text="the first"))
    clock.forward(hours=3)
    device.submit(manifest(text="the second", blocking=True, attachments=[attachment(png())]))
    page = agent.get("/console/").text
    assert page.index("the second") < page.index("the first")
    first, second = page[page.index("the first") :], page[page.index("the second") : page.index("the first")]
    assert "Waiting longest" in first
    assert "Waiting longest" not in second
    assert "3 hours ago" in first
    assert "Can’t work" in second
    assert "Can’t work" not in first
    assert "1 picture" in second
    assert "1 attachment still on its way" in second
    assert "Anna Kern" in page
    assert "not verified" in page
    assert "2 tickets" in page


def test_a_report_without_text_is_shown_by_its_category(agent: Agent, device: Device) -> None:
    device.submit(manifest(text="  ", category="printer"))
    device.submit(manifest(text="", category=None))
    page = agent.get("/console/").text
    assert "Printer" in page
    assert "No text" in page


def test_an_empty_queue_says_what_happens_next(agent: Agent) -> None:
    assert "No tickets yet" in agent.get("/console/").text


def test_the_ticket_shows_everything_and_what_is_still_missing(agent: Agent, device: Device) -> None:
    here, awaited = png(120, 80), png(60, 40)
    second = {**attachment(here)["display"], "number": 2, "name": "HDMI-1", "scale": 1.25, "primary": False}
    report = manifest(
        text="The printer hums.\nAnd it is warm.",
        blocking=True,
        category="printer",
        facts=[
            {"key": "disk_free", "label": "Disk", "value": "3 GB free of 256 GB", "alarm": "low"},
            {"key": "os", "label": "System", "value": "Debian 12", "alarm": None},
        ],
        attachments=[attachment(awaited, display=second), attachment(here)],
    )
    device.submit(report)
    device.upload(report["report_id"], here)
    page = agent.get(f"/console/tickets/{report['report_id']}").text
    for shown in (
        "The printer hums.", "And it is warm.", "Can’t work until this is fixed", "Printer", "not verified",
        "Anna Kern", "CORP\\anna", "LAP-4F2", "Example Ltd", "Display 1", "DP-1", "3840 × 2160", "200%",
        "Display 2", "HDMI-1", "125%", "Still on its way", "Ticket 1001", device.id,
    ):  # fmt: skip
        assert shown in page, shown
    assert page.index("Display 1") < page.index("Display 2") < page.index("Still on its way")
    assert page.count("<img ") == 1
    alarming = re.findall(r'<tr class="alarm">.*?</tr>', page, re.DOTALL)
    assert len(alarming) == 1
    assert "3 GB free of 256 GB" in alarming[0]
    assert "low" in alarming[0]
    assert digest(awaited) not in page


def test_ticket_numbers_open_nothing(agent: Agent, device: Device) -> None:
    device.submit(manifest())
    assert agent.get("/console/tickets/1001").status_code == 404


def test_the_queue_pages_through_ten_thousand_tickets(agent: Agent, device: Device, data: Path) -> None:
    device.submit(manifest())
    fill(data, 10_000)

    def walk(path: str | None, pages: int) -> tuple[list[int], float, str]:
        """The numbers on so many pages, the time of the fastest, and the last page."""
        seen: list[int] = []
        fastest = 9.0
        page = ""
        while path and pages:
            begun = time.perf_counter()
            page = agent.get(path).text
            fastest = min(fastest, time.perf_counter() - begun)
            seen += [int(number) for number in re.findall(r'<td role="cell" class="number">(\d+)<', page)]
            older = re.search(r'rel="next" href="([^"]+)"', page)
            path, pages = older[1] if older else None, pages - 1
        return seen, fastest, page

    newest, first_s, page = walk("/console/", 12)
    assert newest == list(range(11_001, 11_001 - 12 * 50, -1))
    assert "10,001 tickets" in page
    oldest, last_s, page = walk("/console/?before=1552", 99)
    assert oldest == list(range(1551, 1000, -1))
    assert last_s < first_s * 5

    newer = re.search(r'rel="prev" href="([^"]+)"', page)
    assert newer is not None
    numbers = re.findall(r'<td role="cell" class="number">(\d+)<', agent.get(newer[1]).text)
    assert [int(number) for number in numbers] == list(range(1051, 1001, -1))


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=99999999999", "after=0x10", "before=٣", "before=1"])
def test_a_strange_page_number_is_no_trouble(agent: Agent, query: str) -> None:
    assert agent.get(f"/console/?{query}").status_code == 200


def fill(data: Path, count: int) -> None:
    """More tickets than anybody submits in a test."""
    with stored(data) as database, database.write() as connection:
        device_id = connection.execute(select(devices.c.id)).scalar_one()
        model = connection.execute(select(tickets)).mappings().one()
        rows = [{**model, "id": f"{n:036}", "number": 1001 + n, "device_id": device_id} for n in range(1, count + 1)]
        connection.execute(insert(tickets), rows)
