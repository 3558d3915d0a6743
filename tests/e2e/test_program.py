"""The tray program beside others: it ends when told to, and sends what another process saved."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.e2e import acting
from tests.rigs.deskbell import Client
from tests.rigs.desktop import x_desktop
from tests.rigs.waiting import wait_until

pytestmark = pytest.mark.needs("Xvfb", "openbox", "xdotool", "dbus-daemon", "trayer")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_program_and_keeps_the_words(number: signal.Signals) -> None:
    with x_desktop(tray=None) as desktop, acting.desk(desktop.session) as (server, client):
        program = client.start("report", "--panel")
        acting.send_button(desktop)
        desktop.pointer.type("half a thought")
        kept = wait_until(lambda: _draft_with(client, "half a thought"), "the words to arrive at the program")
        kept.unlink()  # what quitting keeps is looked at, not what typing kept
        os.killpg(program.pid, number)
        assert program.wait(10) == 0

        client.start("report", "--panel")
        acting.send_button(desktop)
        desktop.pointer.press("ctrl+Return")
        (ticket,) = server.wait_for_tickets(1)
        assert ticket.manifest["text"] == "half a thought"


def test_a_killed_program_comes_back_with_words_and_pictures() -> None:
    with x_desktop(tray=None) as desktop, acting.desk(desktop.session) as (server, client):
        program = client.start("report", "--panel")
        acting.send_button(desktop)
        desktop.pointer.type("half a thought")
        drafts = client.profile / "spool/drafts"
        wait_until(
            lambda: any("half a thought" in each.read_text() for each in drafts.glob("*/draft.json")), "autosave"
        )
        os.killpg(program.pid, signal.SIGKILL)
        program.wait(10)
        (draft,) = drafts.iterdir()

        client.start("report", "--panel")
        acting.send_button(desktop)
        desktop.pointer.press("ctrl+Return")
        (ticket,) = server.wait_for_tickets(1)
        assert (ticket.report_id, ticket.manifest["text"]) == (draft.name, "half a thought")
        assert len(ticket.screenshots()) == 1


def test_what_the_command_line_saved_is_sent_by_the_tray_program() -> None:
    with x_desktop() as desktop, acting.desk(desktop.session) as (server, client):
        client.start()
        acting.wait_until_running(client)
        server.stop()
        saved = client.run("report", "from a script", "--no-screens")
        assert saved.returncode == 3, saved.stdout + saved.stderr
        server.start()  # the command has ended: only the tray program is there to send it
        (ticket,) = server.wait_for_tickets(1, within_s=60)
        assert ticket.manifest["text"] == "from a script"
        wait_until(lambda: not client.waiting(), "the report to leave the outbox")


def _draft_with(client: Client, text: str) -> Path | None:
    drafts = client.profile.glob("spool/drafts/*/draft.json")
    return next((path for path in drafts if json.loads(path.read_text())["text"] == text), None)
