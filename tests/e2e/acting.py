"""What a person does in these tests, and what must be true at the server afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PIL import Image

from tests.rigs import scene
from tests.rigs.deskbell import ACCENT, Client, Filed, Server
from tests.rigs.desktop import Desktop
from tests.rigs.screens import Box, Screen, block_of, centre
from tests.rigs.session import Session
from tests.rigs.waiting import wait_until

TRAY_HEIGHT = 40


@contextmanager
def desk(session: Session, *, is_up: bool = True) -> Iterator[tuple[Server, Client]]:
    """A server, set up and listening, and a client that is configured for it and not started."""
    server = Server(session)
    server.set_up()
    server.start()
    client = Client(session, server)
    if not is_up:
        server.stop()
    yield server, client


def send_button(desktop: Desktop, within_s: float = 15.0) -> Box:
    """Where the panel's Send button is, once the panel is there."""
    return desktop.button(ACCENT, within_s)


def panel_is_gone_or_done(desktop: Desktop) -> None:
    """Waits until there is no Send button any more: the page after Send."""
    wait_until(lambda: block_of(desktop.picture(), ACCENT, 60, 20) is None, "the page after Send")


def wait_until_running(client: Client) -> None:
    """Waits until a second start would find the first one."""
    wait_until(lambda: list(client.profile.glob("run/*.ring")), "the program to hear a second start")


def report_by_two_clicks(desktop: Desktop) -> None:
    """Clicks the tray icon, then Send."""
    desktop.pointer.click(*centre(desktop.tray_icon()))
    desktop.pointer.click(*centre(send_button(desktop)))


def assert_pictures_show_the_scene(ticket: Filed, screens: Sequence[Screen], host: str | None) -> None:
    """Every display is a picture of its own, and its pixels at the server are those that were on the screen.

    Only the strip with the tray host, at the top of the primary display, is not compared.
    """
    shots = ticket.screenshots()
    assert set(shots) == {screen.name for screen in screens} or len(screens) == 1
    for number, (screen, shot) in enumerate(zip(screens, _in_order(shots, screens), strict=True)):
        tray = [(0, 0, screen.width, TRAY_HEIGHT)] if host and number == 0 else []
        assert scene.differing(scene.scene(screen, number), shot, tray) is None, screen.name


def _in_order(shots: dict[str, Image.Image], screens: Sequence[Screen]) -> list[Image.Image]:
    return [shots[screen.name] for screen in screens] if len(screens) > 1 else list(shots.values())
