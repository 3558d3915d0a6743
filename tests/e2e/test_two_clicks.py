"""The main job on X desktops: two real clicks, and the very pixels of every display at the server."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.e2e import acting
from tests.rigs.desktop import x_desktop
from tests.rigs.screens import Screen
from tests.rigs.trays import TrayHost
from tests.rigs.waiting import wait_until

X_RIG = ("Xvfb", "openbox", "xdotool", "dbus-daemon")


@pytest.mark.needs(*X_RIG, "trayer", "lxqt-panel")
@pytest.mark.parametrize("host", list(TrayHost))
def test_two_clicks_file_a_ticket_with_the_pixels_of_the_screen(host: TrayHost) -> None:
    with x_desktop(host) as desktop, acting.desk(desktop.session) as (server, client):
        client.start()
        acting.report_by_two_clicks(desktop)
        (ticket,) = server.wait_for_tickets(1)

        assert desktop.pointer.clicks == 2
        acting.assert_pictures_show_the_scene(ticket, desktop.screens, host)
        assert {"host", "os"} <= set(ticket.facts)
        receipt = client.receipt(ticket.report_id)
        wait_until(receipt.exists, "the receipt")
        assert json.loads(receipt.read_text())["manifest_sha256"] == hashlib.sha256(ticket.manifest_bytes).hexdigest()


@pytest.mark.needs("Xorg", "xrandr", "openbox", "xdotool", "trayer")
@pytest.mark.needs_root
@pytest.mark.parametrize(
    "screens",
    [
        pytest.param([Screen("", 0, 0, 1280, 800), Screen("", 1280, 0, 1920, 1080)], id="larger one on the right"),
        pytest.param([Screen("", 1024, 200, 1280, 800), Screen("", 0, 0, 1024, 768)], id="one left of the primary"),
        pytest.param([Screen("", 0, 768, 1280, 800), Screen("", 100, 0, 1024, 768)], id="one above the primary"),
    ],
)
def test_every_display_is_a_picture_of_its_own(screens: list[Screen]) -> None:
    with x_desktop(TrayHost.TRAYER, screens) as desktop, acting.desk(desktop.session) as (server, client):
        client.start()
        acting.report_by_two_clicks(desktop)
        (ticket,) = server.wait_for_tickets(1)

        acting.assert_pictures_show_the_scene(ticket, desktop.screens, TrayHost.TRAYER)
        places = {
            (shown["name"], shown["x"], shown["y"], shown["width"], shown["height"], shown["primary"])
            for shown in (each["display"] for each in ticket.manifest["attachments"])
        }
        assert places == {
            (screen.name, screen.x, screen.y, screen.width, screen.height, number == 0)
            for number, screen in enumerate(desktop.screens)
        }
