"""On Wayland, through the portal: granted, refused, and asked but never answered. No answer stops a report."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.e2e import acting
from tests.rigs import trays
from tests.rigs.deskbell import ACCENT, Filed
from tests.rigs.portal import Permission
from tests.rigs.scene import differing, scene
from tests.rigs.screens import block_of
from tests.rigs.session import Session
from tests.rigs.sway import SwayDesktop, sway_desktop
from tests.rigs.waiting import wait_until

pytestmark = [
    pytest.mark.needs("sway", "grim", "swaybg", "wtype", "pipewire", "dbus-daemon", "setpriv"),
    pytest.mark.skipif(
        not Path("/usr/libexec/xdg-desktop-portal-wlr").exists(),
        reason="not installed: xdg-desktop-portal-wlr (installer/linux/need-packages tests)",
    ),
]


def report_by_icon_and_keys(desktop: SwayDesktop) -> None:
    """The seat of a headless sway has no pointer: the tray host's own call stands for the click."""
    wait_until(lambda: trays.status_notifier_items(desktop.session), "the tray icon")
    trays.activate_item(desktop.session)
    shot = desktop.session.folder / "panel.png"
    wait_until(lambda: block_of(desktop.picture(shot), ACCENT, 60, 20), "the panel with its Send button")
    desktop.press("-M", "ctrl", "-k", "Return", "-m", "ctrl")


def assert_every_output_is_in_its_own_pixels(ticket: Filed, desktop: SwayDesktop) -> None:
    shots = ticket.screenshots()
    assert set(shots) == {screen.name for screen in desktop.screens}
    for number, screen in enumerate(desktop.screens):
        bar = [(0, 0, screen.width, 32 * screen.scale)]
        assert differing(scene(screen, number), shots[screen.name], bar) is None, screen.name


def test_the_portal_gives_every_output_in_its_own_pixels() -> None:
    with sway_desktop(Permission.GRANTED) as desktop, acting.desk(desktop.session) as (server, client):
        client.start()
        report_by_icon_and_keys(desktop)
        (ticket,) = server.wait_for_tickets(1)
        assert_every_output_is_in_its_own_pixels(ticket, desktop)


def test_a_report_of_the_command_line_has_every_output_too() -> None:
    with sway_desktop(Permission.GRANTED) as desktop, acting.desk(desktop.session) as (server, client):
        done = client.run("report", "slow", "--wait")
        assert done.returncode == 0, done.stderr
        (ticket,) = server.wait_for_tickets(1)
        assert_every_output_is_in_its_own_pixels(ticket, desktop)


@pytest.mark.parametrize("is_listening", [False, True], ids=["dead", "silent"])
def test_a_compositor_that_does_not_answer_takes_no_report_with_it(is_listening: bool) -> None:
    with Session() as session, acting.desk(session) as (server, client), socket.socket(socket.AF_UNIX) as compositor:
        place = session.folder / "wayland-9"
        compositor.bind(str(place))
        if is_listening:
            compositor.listen()
        client.variables |= {"WAYLAND_DISPLAY": str(place), "QT_QPA_PLATFORM": "wayland"}
        done = client.run("report", "slow", "--wait")
        assert done.returncode == 0, done.stderr
        (ticket,) = server.wait_for_tickets(1)
        assert ticket.screenshots() == {}
        assert [fact for fact in ticket.manifest["facts"] if fact["key"].startswith("screenshot")]


@pytest.mark.parametrize("permission", [Permission.REFUSED, Permission.UNANSWERED])
def test_without_permission_the_report_goes_without_pictures_and_says_so(permission: Permission) -> None:
    with sway_desktop(permission) as desktop, acting.desk(desktop.session) as (server, client):
        client.variables["PATH"] = str(desktop.session.folder)  # as on GNOME, where grim is of no use
        client.start()
        report_by_icon_and_keys(desktop)
        (ticket,) = server.wait_for_tickets(1, within_s=40)
        assert ticket.screenshots() == {}
        assert [fact for fact in ticket.manifest["facts"] if fact["key"].startswith("screenshot")]
