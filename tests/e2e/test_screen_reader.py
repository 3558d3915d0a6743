"""Without eyes: over the accessibility bus every control has a name, and a report is written and sent."""

from __future__ import annotations

import pytest

from tests.e2e import acting
from tests.rigs import accessibility
from tests.rigs.desktop import x_desktop
from tests.rigs.screens import centre
from tests.rigs.waiting import wait_until

pytestmark = [
    pytest.mark.needs("Xvfb", "openbox", "xdotool", "dbus-daemon", "trayer"),
    pytest.mark.skipif(
        not accessibility.is_installed(),
        reason="not installed: at-spi2-core, python3-pyatspi (installer/linux/need-packages tests)",
    ),
]


def test_a_report_is_written_and_sent_by_screen_reader() -> None:
    with x_desktop() as desktop, acting.desk(desktop.session) as (server, client):
        reader = accessibility.ScreenReader(desktop.session)
        reader.start()
        client.start()
        wait_until(client.has_heard_the_desk, "the client to hear the desk")
        desktop.pointer.click(*centre(desktop.tray_icon()))
        tree = reader.wait_for("push button", "Send to IT")

        controls = [part for part in tree if "focusable" in part.states]
        assert len(controls) >= 12
        assert [part for part in controls if not part.name] == []
        assert [part.name for part in controls if "focused" in part.states] == ["What’s going wrong?"]
        wait_until(lambda: any(part.name.startswith("This PC: ") for part in reader.tree()), "the facts")

        reader.type("What’s going wrong?", "The printer is on fire")
        reader.press("check box", "I can’t work until this is fixed")
        reader.press("check box", "Display 1: send the picture")
        reader.press("push button", "Send to IT")
        (ticket,) = server.wait_for_tickets(1)
        assert ticket.manifest["text"] == "The printer is on fire"
        assert ticket.manifest["blocking"] is True
        assert ticket.screenshots() == {}
        reader.wait_for("label", f"Ticket {ticket.number} is with IT")
