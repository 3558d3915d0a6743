"""Without a tray: a second start opens the panel, the keyboard is enough, and a tray that comes later gets the icon."""

from __future__ import annotations

import pytest

from tests.e2e import acting
from tests.rigs.desktop import x_desktop
from tests.rigs.screens import centre
from tests.rigs.trays import TrayHost

pytestmark = pytest.mark.needs("Xvfb", "openbox", "xdotool", "dbus-daemon")


def test_a_second_start_opens_the_panel_of_the_running_program() -> None:
    with x_desktop(tray=None) as desktop, acting.desk(desktop.session) as (_, client):
        first = client.start()
        acting.wait_until_running(client)
        second = client.start()
        acting.send_button(desktop)
        assert second.wait(15) == 0
        assert first.poll() is None


def test_the_keyboard_alone_files_a_ticket() -> None:
    with x_desktop(tray=None) as desktop, acting.desk(desktop.session) as (server, client):
        client.start()
        acting.wait_until_running(client)
        client.start()
        acting.send_button(desktop)
        desktop.pointer.type("The printer is on fire")
        desktop.pointer.press("ctrl+Return")
        (ticket,) = server.wait_for_tickets(1)
        assert ticket.manifest["text"] == "The printer is on fire"
        assert desktop.pointer.clicks == 0
        acting.assert_pictures_show_the_scene(ticket, desktop.screens, None)


@pytest.mark.needs("trayer", "lxqt-panel")
@pytest.mark.parametrize("host", list(TrayHost))
def test_a_tray_that_starts_later_gets_the_icon(host: TrayHost) -> None:
    with x_desktop(tray=None) as without, acting.desk(without.session) as (server, client):
        program = client.start()
        acting.wait_until_running(client)
        desktop = without.with_tray(host, program)
        desktop.pointer.click(*centre(desktop.tray_icon()))
        desktop.pointer.click(*centre(acting.send_button(desktop)))
        server.wait_for_tickets(1)
