from __future__ import annotations

import threading
from pathlib import Path

import pytest

from client.system import probe
from client.system.probe import Check, checks
from client.system.secrets import open_store, system_store
from tests.capture.fake_portal import FakePortal
from tests.rigs.desktop import x_desktop
from tests.rigs.session import Session
from tests.rigs.trays import TrayHost


def enter(monkeypatch: pytest.MonkeyPatch, session: Session, **more: str) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
        if name in session.env:
            monkeypatch.setenv(name, session.env[name])
    for name, value in more.items():
        monkeypatch.setenv(name, value)


def found(folder: Path) -> dict[str, Check]:
    return {check.key: check for check in checks(open_store(folder, system_store()))}


@pytest.mark.needs("Xvfb", "openbox", "xdotool", "trayer", "lxqt-panel", "dbus-daemon")
@pytest.mark.parametrize(
    ("host", "state"), [(TrayHost.TRAYER, "XEmbed"), (TrayHost.LXQT, "StatusNotifier"), (None, None)]
)
def test_the_tray_of_a_desktop_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: TrayHost | None, state: str | None
) -> None:
    with x_desktop(tray=host) as desktop:
        enter(monkeypatch, desktop.session)
        told = found(tmp_path)

    assert told["tray"].is_ok is (host is not None)
    assert told["tray"].state == state or "deskbell report --panel" in told["tray"].advice
    assert (told["session"].state, told["capture"].state, told["capture"].is_ok) == ("X11", "mss (X11)", True)


@pytest.mark.needs("dbus-daemon", "setpriv")
class TestWayland:
    def test_the_portal_comes_first(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        with Session() as session, FakePortal(session.env["DBUS_SESSION_BUS_ADDRESS"]):
            enter(monkeypatch, session, WAYLAND_DISPLAY="wayland-0", PATH=str(tmp_path))
            told = found(tmp_path)

        assert (told["session"].state, told["capture"].is_ok) == ("Wayland", True)
        assert told["capture"].state == "the desktop’s own service"

    def test_a_portal_without_screenshots_does_not_count(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        with Session() as session, FakePortal(session.env["DBUS_SESSION_BUS_ADDRESS"], with_interface=False):
            enter(monkeypatch, session, WAYLAND_DISPLAY="wayland-0", PATH=str(tmp_path))
            told = found(tmp_path)

        assert told["capture"].is_ok is False
        assert "xdg-desktop-portal" in told["capture"].advice

    def test_nothing_at_all_is_told_with_what_to_do(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        with Session() as session:
            enter(monkeypatch, session, WAYLAND_DISPLAY="wayland-0", PATH=str(tmp_path))
            told = found(tmp_path)

        assert {key: check.is_ok for key, check in told.items()} == {
            "session": True,
            "tray": False,
            "notifications": False,
            "capture": False,
            "secrets": True,
        }
        assert all(check.advice for check in told.values() if not check.is_ok)


def test_without_a_desktop_every_check_still_says_something(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)

    told = found(tmp_path)

    assert list(told) == ["session", "tray", "notifications", "capture", "secrets"]
    assert all(check.state and check.label and (check.is_ok or check.advice) for check in told.values())


def test_a_check_that_breaks_or_hangs_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken() -> Check:
        raise RuntimeError("odd machine")

    monkeypatch.setattr(probe, "LIMIT_S", 0.1)
    monkeypatch.setattr(probe, "session", broken)
    for_ever = threading.Event()
    monkeypatch.setattr(probe, "notifications", for_ever.wait)

    told = found(tmp_path)
    for_ever.set()

    assert (told["session"].is_ok, told["session"].state) == (False, "RuntimeError")
    assert (told["notifications"].is_ok, told["notifications"].state) == (False, "no answer")
    assert told["secrets"].is_ok
