from __future__ import annotations

import pytest

from client.capture import Session, choose
from client.capture.session import current


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"DISPLAY": ":0"}, "linux", Session.X11),
        ({"DISPLAY": ":0", "XDG_SESSION_TYPE": "x11"}, "linux", Session.X11),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "linux", Session.WAYLAND),
        ({"WAYLAND_DISPLAY": "wayland-0", "XDG_SESSION_TYPE": "tty"}, "linux", Session.WAYLAND),
        ({"XDG_SESSION_TYPE": "wayland"}, "linux", Session.WAYLAND),
        ({"XDG_SESSION_TYPE": "wayland", "DISPLAY": "localhost:10.0"}, "linux", Session.X11),
        ({}, "linux", Session.X11),
        ({}, "win32", Session.WINDOWS),
        ({"DISPLAY": ":0"}, "darwin", Session.MACOS),
    ],
)
def test_the_session_is_told_by_the_environment(environ: dict[str, str], platform: str, expected: Session) -> None:
    assert current(environ, platform) is expected


@pytest.mark.parametrize(
    ("session", "name", "on_gui_thread"),
    [
        (Session.X11, "mss", False),
        (Session.WINDOWS, "mss", False),
        (Session.WAYLAND, "portal", False),
        (Session.MACOS, "qscreen", True),
    ],
)
def test_the_session_alone_decides_how_pictures_are_taken(session: Session, name: str, on_gui_thread: bool) -> None:
    camera = choose(session, lambda: ())

    assert (camera.name, camera.on_gui_thread) == (name, on_gui_thread)
