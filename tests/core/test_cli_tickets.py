"""`deskbell tickets`, `show`, `reply`, `solved`, `reopen` and `rate`, each as a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.test_cli import ROOT, Deskbell
from tests.core.ticket_bodies import AGENT, comment, event
from tests.core.ticket_server import TicketServer, ticket_server
from tests.rigs.desk_server import free_port

KEY = "dbk_some"


@pytest.fixture
def server() -> Iterator[TicketServer]:
    with ticket_server() as one:
        yield one


@pytest.fixture
def deskbell(tmp_path: Path, server: TicketServer) -> Deskbell:
    """A profile with one ticket: 1001."""
    program = Deskbell(tmp_path / "profile")
    program.set_up(server.url, KEY)
    assert program("report", "printer jams", "--no-screens").returncode == 0
    return program


def agent_does(server: TicketServer, status: str, kind: str, text: str = "") -> None:
    ticket_id = server.by_number(1001)
    known = server.tickets[ticket_id]
    news = [*known["events"], event(f"e{server.serial}", kind, text=text)]
    server.change(ticket_id, status=status, agent={"name": "Bo Lind"}, events=news)


def test_tickets_are_listed_with_their_state(deskbell: Deskbell, server: TicketServer) -> None:
    done = deskbell("tickets")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "  1001   With IT              printer jams\n"
    agent_does(server, "pending", "asked")
    done = deskbell("tickets")
    assert done.stdout == "  1001 • Waiting for you      printer jams  (Bo Lind)\n"
    agent_does(server, "closed", "closed")
    assert deskbell("tickets").stdout == "There are no open tickets.\n"
    code, answer = deskbell.json("tickets", "--all")
    assert (code, answer["problem"]) == (0, None)
    assert [(each["number"], each["state"], each["unread"]) for each in answer["tickets"]] == [(1001, "closed", True)]


def test_a_ticket_is_shown_with_all_that_was_said_and_done_and_then_is_read(
    deskbell: Deskbell, server: TicketServer
) -> None:
    agent_does(server, "open", "taken")
    server.change(server.by_number(1001), comments=[comment("c1", "Which printer?")])
    done = deskbell("show", "1001")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line[18:] for line in done.stdout.splitlines() if line.startswith("20")] == [
        "Sent to IT",
        "Bo Lind has it now",
        "Bo Lind: Which printer?",
    ]
    assert done.stdout.startswith("Ticket 1001: In progress\nprinter jams\n")
    assert "•" not in deskbell("tickets").stdout
    _, answer = deskbell.json("show", "1001")
    (said,) = answer["ticket"]["comments"]
    assert said == {
        "at": "2026-11-23T10:00:00+00:00",
        "by": AGENT["name"],
        "is_me": False,
        "text": "Which printer?",
        "attachments": [],
    }


def test_a_reply_with_an_attachment_is_with_it(deskbell: Deskbell, server: TicketServer, tmp_path: Path) -> None:
    log = tmp_path / "error.log"
    log.write_text("boom")
    done = deskbell("reply", "1001", "Floor 3", "--attach", str(log), "--wait")
    assert (done.returncode, done.stdout, done.stderr) == (0, "IT has it. Ticket 1001: With IT\n", "")
    assert [*server.blobs.values()] == [b"boom"]
    assert deskbell("show", "1001").stdout.endswith("You: Floor 3 [error.log]\n")


def test_it_works_now_still_broken_and_a_rating(deskbell: Deskbell, server: TicketServer) -> None:
    assert deskbell("solved", "1001").stdout == "IT has it. Ticket 1001: Closed\n"
    code, answer = deskbell.json("reopen", "1001", "jams again")
    assert (code, answer["status"], answer["delivered"]) == (0, "open", True)
    assert deskbell("rate", "1001", "5", "quick").returncode == 0
    kinds = [json.loads(body).get("kind") for body in server.bodies.values()]
    assert kinds == [None, "solved", "reopen", "rating"]
    assert [json.loads(body).get("stars") for body in server.bodies.values()][-1] == 5


def test_a_ticket_that_goes_on_in_another_says_so(deskbell: Deskbell, server: TicketServer) -> None:
    server.continues_as = 1077
    assert deskbell("reopen", "1001").stdout == (
        "IT has it. Ticket 1077: In progress\nTicket 1001 was closed too long ago, so a new one goes on.\n"
    )


def test_offline_it_is_saved_and_shown_and_sent_later(deskbell: Deskbell, server: TicketServer) -> None:
    deskbell("tickets")
    deskbell.set_up(f"http://127.0.0.1:{free_port()}", KEY)
    done = deskbell("reply", "1001", "Floor 3")
    assert (done.returncode, done.stdout) == (3, "Saved. It is safe on this PC and is sent by itself.\n")
    assert done.stderr.startswith("No connection right now.")
    done = deskbell("tickets")
    assert (done.returncode, done.stderr) == (0, "This is as last known: No connection right now.\n")
    assert done.stdout == "  1001   With IT              printer jams  (a part is not sent yet)\n"
    assert deskbell("show", "1001").stdout.endswith("a part is not sent yet  comment Floor 3\n")
    code, answer = deskbell.json("outbox")
    assert (code, [(row["kind"], row["text"]) for row in answer["reports"]]) == (3, [("comment", "Floor 3")])
    shutil.rmtree(deskbell.profile / "cache")
    assert deskbell("solved", "1001").returncode == 3  # the receipt of the report still tells which it is
    deskbell.set_up(server.url, KEY)
    assert deskbell("outbox", "--send").returncode == 0
    assert [json.loads(body)["text"] for body in server.bodies.values()] == ["printer jams", "Floor 3", ""]


def test_what_makes_no_sense_is_said_and_nothing_is_sent(deskbell: Deskbell, server: TicketServer) -> None:
    done = deskbell("show", "7")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("There is no ticket 7 of yours on this PC.")
    assert deskbell("reply", "7", "hello").returncode == 1
    done = deskbell("reply", "1001", " ")
    assert (done.returncode, done.stderr.splitlines()[0][:33]) == (2, "There is nothing to send yet. Wri")
    assert deskbell("reply", "1001", "hello", "--attach", "/nowhere.log").returncode == 2
    assert deskbell("rate", "1001", "6").returncode == 2
    assert deskbell("show", "x").returncode == 2
    assert len(server.bodies) == 1


def test_whoever_never_reported_anything_has_no_tickets_and_asks_nobody(tmp_path: Path, server: TicketServer) -> None:
    program = Deskbell(tmp_path / "other")
    program.set_up(server.url, KEY)
    assert program("tickets", "--all").stdout == "There are no tickets.\n"
    assert not (tmp_path / "other" / "identity.json").exists()


def test_it_starts_without_qt(deskbell: Deskbell) -> None:
    script = (
        "import sys; from client.cli import run; "
        f"code = run(['tickets', '--profile', {str(deskbell.profile)!r}]); "
        "print(code, [name for name in sys.modules if name.startswith('PySide6')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines()[-1] == "0 []"
