"""`make demo`: a server, a client, a tray icon, and a ticket in two clicks.

Without a display it brings its own desktop, makes the clicks itself as real pointer events, and keeps pictures of each
step under build/demo. With a display it shows the icon and says what to click. KEEP=1 leaves server and client running.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from PIL import Image

from tests.rigs import scene
from tests.rigs.desk_server import LOGIN, PASSWORD
from tests.rigs.deskbell import ACCENT, Client, Filed, Server
from tests.rigs.desktop import Desktop, x_desktop
from tests.rigs.screens import block_of, centre
from tests.rigs.session import ROOT, Session
from tests.rigs.waiting import wait_until

PICTURES = ROOT / "build/demo"
PATIENCE_S = 600.0


def main() -> int:
    """The exit code: 0 when a ticket was filed."""
    if os.environ.get("KEEP", "") not in ("", "0"):
        return _in_the_background()
    return _run(lambda line, _server, _client: print(line, flush=True))


def _run(finish: Callable[[str, Server, Client], None]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    has_display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    try:
        (by_hand if has_display else by_itself)(finish)
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        print(f"demo: failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: stopped", file=sys.stderr)
        return 1
    return 0


def _in_the_background() -> int:
    """Runs the demo in a process of its own that stays when the ticket is filed; its exit code or 0."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        filed = os.read(reader, 1)
        return 0 if filed else os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.setsid()

    def stay(line: str, server: Server, client: Client) -> None:
        print(f"Agents' page: {server.url}/  login {LOGIN}, password {PASSWORD}")
        print(f"Profile of the client: {client.profile}")
        print(f"Stop all of it with: kill {os.getpid()}")
        print(line, flush=True)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        os.write(writer, b"1")
        signal.pause()

    code = _run(stay)
    os._exit(code)


def by_itself(finish: Callable[[str, Server, Client], None]) -> None:
    """Everything on a virtual desktop; the clicks are made here."""
    shutil.rmtree(PICTURES, ignore_errors=True)
    with x_desktop() as desktop, ExitStack() as stack:
        server, client = _started(desktop.session)
        stack.enter_context(_explained(desktop, client))
        icon = desktop.tray_icon()
        before = desktop.picture(PICTURES / "1-before.png")
        desktop.pointer.click(*centre(icon))
        send = desktop.button(ACCENT)
        desktop.picture(PICTURES / "2-panel.png")
        clicked_at = time.time()
        desktop.pointer.click(*centre(send))
        (ticket,) = server.wait_for_tickets(1)
        receipt = client.receipt(ticket.report_id)
        wait_until(receipt.exists, "the receipt")
        took_ms = (receipt.stat().st_mtime - clicked_at) * 1000
        wait_until(lambda: block_of(desktop.picture(), ACCENT, 60, 20) != send, "the page after Send")
        desktop.picture(PICTURES / "3-after-send.png")
        _check(ticket, before, desktop)
        _agent_page(server, ticket, desktop.session)
        finish(_line(ticket, desktop.pointer.clicks, took_ms), server, client)


def by_hand(finish: Callable[[str, Server, Client], None]) -> None:
    """On the user's own desktop, with the server and the client's profile in a folder of their own; the user clicks."""
    with Session() as session:
        session.env = dict(os.environ)
        server, client = _started(session)
        print("Click the bell in the tray, then “Send to IT”.", flush=True)
        (ticket, *_) = server.wait_for_tickets(1, PATIENCE_S)
        receipt = client.receipt(ticket.report_id)
        wait_until(receipt.exists, "the receipt")
        saved = receipt.with_name("manifest.json")
        finish(_line(ticket, 2, (receipt.stat().st_mtime - saved.stat().st_mtime) * 1000), server, client)


def _started(session: Session) -> tuple[Server, Client]:
    server = Server(session)
    server.set_up()
    server.start()
    client = Client(session, server)
    client.start()
    return server, client


@contextmanager
def _explained(desktop: Desktop, client: Client) -> Iterator[None]:
    """Adds to a failure what the client said, and leaves a picture of the desktop."""
    try:
        yield
    except AssertionError as error:
        desktop.picture(PICTURES / "failed.png")
        raise AssertionError(f"{error}\n{client.log()[-2000:]}\nSee {PICTURES / 'failed.png'}") from error


def _check(ticket: Filed, before: Image.Image, desktop: Desktop) -> None:
    """The picture at the server shows the desktop as it was before the click."""
    shots = ticket.screenshots()
    if len(shots) != len(desktop.screens):
        raise AssertionError(f"{len(desktop.screens)} displays, but {len(shots)} screenshots at the server")
    tray = (0, 0, before.width, 40)
    for shot in shots.values():
        if wrong := scene.differing(before, shot, [tray]):
            shot.save(PICTURES / "wrong.png")
            raise AssertionError(f"the screenshot at the server differs from the display at {wrong}")


def _line(ticket: Filed, clicks: int, took_ms: float) -> str:
    shots, facts = len(ticket.screenshots()), len(ticket.facts)
    return (
        f"demo: ticket {ticket.number} filed in {clicks} clicks, {shots} screenshots, {facts} facts, "
        f"{took_ms:.0f} ms from Send to receipt"
    )


def _agent_page(server: Server, ticket: Filed, session: Session) -> None:
    """The agent's page of the ticket, by a browser where there is one."""
    browser = next((found for name in ("chromium", "google-chrome") if (found := shutil.which(name))), None)
    if browser is None:
        return
    from tests.rigs.console import picture_of_ticket

    picture_of_ticket(server, ticket, session, browser, PICTURES / "4-agent.png")


if __name__ == "__main__":
    sys.exit(main())
