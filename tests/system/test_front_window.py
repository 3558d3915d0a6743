from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest

from client.core.models import FrontWindow
from client.system.front_window import front_window
from tests.rigs.desktop import Desktop, x_desktop
from tests.rigs.session import ROOT
from tests.rigs.waiting import wait_until

pytestmark = pytest.mark.needs("Xvfb", "openbox", "xdotool")


@pytest.fixture(scope="module")
def desktop() -> Iterator[Desktop]:
    with x_desktop(tray=None) as desktop:
        yield desktop


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, desktop: Desktop) -> None:
    monkeypatch.setenv("DISPLAY", desktop.env["DISPLAY"])
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


@pytest.mark.parametrize("title", ["Budget – Größe 50 %", "x" * 700, "two\nlines"])
def test_the_window_with_the_focus_is_named_with_its_program(desktop: Desktop, title: str) -> None:
    env = desktop.env | {"PYTHONPATH": str(ROOT)}
    window = desktop.session.processes.start(
        "window", [desktop.session.python, "-m", "tests.system.window", title], env
    )
    shown = " ".join(title.split())[:300]
    try:
        found = wait_until(lambda: one if (one := front_window()).title == shown else None, "the window in front")
        assert found.program == psutil.Process(window.pid).name()
    finally:
        desktop.session.processes.stop(window)


def test_where_nothing_has_the_focus_there_is_no_front_window() -> None:
    wait_until(lambda: front_window() == FrontWindow(), "no front window")


def test_a_window_that_is_gone_is_no_crash(desktop: Desktop) -> None:
    """Xlib would end the whole process here."""
    from client.system.xcb import connected

    with connected() as server:
        assert server.property_bytes(0x00ABCDEF, "_NET_WM_NAME") == b""
        assert server.property_number(0x00ABCDEF, "_NET_WM_PID") == 0
        assert server.property_bytes(server.root, "_NO_SUCH_PROPERTY_ANYWHERE") == b""


def test_wayland_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")

    assert front_window() == FrontWindow()


@pytest.mark.parametrize("display", ["", ":64999", "nonsense"])
def test_without_an_x_server_there_is_no_front_window(monkeypatch: pytest.MonkeyPatch, display: str) -> None:
    monkeypatch.setenv("DISPLAY", display)

    assert front_window() == FrontWindow()
