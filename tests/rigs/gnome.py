"""A real GNOME Shell of our own, headless, with the AppIndicator extension, the portal, and a real pointer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jeepney import DBusAddress, MessageType, new_method_call
from jeepney.io.blocking import open_dbus_connection
from PIL import Image

from tests.rigs import portal
from tests.rigs.portal import Permission
from tests.rigs.screens import Screen
from tests.rigs.session import Session
from tests.rigs.waiting import wait_until

SCREENS = (Screen("Meta-0", 0, 0, 1280, 720), Screen("Meta-1", 1280, 0, 1024, 768))

_SHELL = DBusAddress("/org/gnome/Shell", "org.gnome.Shell", "org.gnome.Shell")
_CAMERA = DBusAddress("/org/gnome/Shell/Screenshot", "org.gnome.Shell", "org.gnome.Shell.Screenshot")

_SETTINGS = """[org/gnome/shell]
welcome-dialog-last-shown-version='99'
enabled-extensions=['ubuntu-appindicators@ubuntu.com']
"""

_POINTER = """
const clutter = imports.gi.Clutter;
globalThis.rig = clutter.get_default_backend().get_default_seat()
  .create_virtual_device(clutter.InputDeviceType.POINTER_DEVICE); 1
"""

_ICON = """
const area = Main.panel.statusArea;
const name = Object.keys(area).find(key => key.startsWith('appindicator') && area[key].visible);
name ? area[name].get_transformed_position().concat(area[name].get_transformed_size()) : null
"""

_MENU = """
const area = Main.panel.statusArea;
const name = Object.keys(area).find(key => key.startsWith('appindicator'));
const items = name && area[name].menu.isOpen ? area[name].menu._getMenuItems() : [];
items.length && items[0].mapped ? items[0].get_transformed_position().concat(items[0].get_transformed_size()) : null
"""


@dataclass(slots=True)
class GnomeDesktop:
    """A running GNOME. ``clicks`` counts what the pointer pressed."""

    session: Session
    screens: tuple[Screen, ...] = SCREENS
    clicks: int = 0

    @property
    def env(self) -> dict[str, str]:
        return self.session.env

    def icon(self) -> list[float] | None:
        """x, y, width and height of the first tray icon; None while there is none."""
        return self._place(_ICON)

    def first_entry(self) -> list[float] | None:
        """x, y, width and height of the first entry of the icon's menu, once it is open."""
        return self._place(_MENU)

    def click(self, place: list[float]) -> None:
        """Moves the pointer to the middle of a place and presses its first button, once the pointer is there."""
        x, y = place[0] + place[2] / 2, place[1] + place[3] / 2
        self.evaluate(f"rig.notify_absolute_motion(global.get_current_time() * 1000, {x}, {y}); 1")
        wait_until(lambda: self.evaluate("global.get_pointer().slice(0, 2)") == [int(x), int(y)], "the pointer to move")
        for pressed in (1, 0):
            self.evaluate(f"rig.notify_button(global.get_current_time() * 1000, 1, {pressed}); 1")
        self.clicks += 1

    def picture(self, path: Path) -> Image.Image:
        """What all screens show."""
        self._call(_CAMERA, "Screenshot", "bbs", (False, False, str(path)))
        with Image.open(path) as image:
            return image.convert("RGB")

    def evaluate(self, script: str) -> object:
        """The value of the last expression of a script that runs inside the shell."""
        done, answer = self._call(_SHELL, "Eval", "s", (script,))
        if not done:
            raise AssertionError(f"GNOME Shell: {answer}")
        return json.loads(answer) if answer else None

    def _place(self, script: str) -> list[float] | None:
        answer = self.evaluate(script)
        return answer if isinstance(answer, list) and None not in answer else None  # NaN before the first layout

    def _call(self, address: DBusAddress, method: str, signature: str, body: tuple[object, ...]) -> tuple[object, str]:
        with open_dbus_connection(self.env["DBUS_SESSION_BUS_ADDRESS"]) as bus:
            reply = bus.send_and_get_reply(new_method_call(address, method, signature, body), timeout=20)
        if reply.header.message_type is not MessageType.method_return:
            raise AssertionError(f"{method}: {reply.body}")
        return reply.body  # type: ignore[no-any-return]


@contextmanager
def gnome_desktop(permission: Permission = Permission.GRANTED) -> Iterator[GnomeDesktop]:
    """GNOME Shell without systemd: a second bus with a mock of logind stands for the system's."""
    with Session(as_nobody=True) as session:
        home = session.folder / "home"
        session.env |= {
            "XDG_CURRENT_DESKTOP": "GNOME",
            "XDG_SESSION_TYPE": "wayland",
            "XDG_SESSION_DESKTOP": "gnome",
            "GSETTINGS_BACKEND": "keyfile",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "DBUS_SYSTEM_BUS_ADDRESS": session.start_bus("system"),
        }
        settings = home / ".config/glib-2.0/settings"
        settings.mkdir(parents=True)
        (settings / "keyfile").write_text(_SETTINGS)
        session.hand_over(home)
        logind = ["/usr/bin/python3", "-m", "dbusmock", "--system", "--template", "logind"]
        session.processes.start("logind", logind, session.env)
        monitors = [part for each in SCREENS for part in ("--virtual-monitor", f"{each.width}x{each.height}")]
        shell = ["gnome-shell", "--headless", "--sm-disable", "--unsafe-mode", "--wayland-display=wl-rig", *monitors]
        session.processes.start("gnome-shell", shell, session.env)
        desktop = GnomeDesktop(session)
        wait_until((session.folder / "run/wl-rig").exists, "GNOME's display", within_s=60)
        session.env |= {"WAYLAND_DISPLAY": "wl-rig", "QT_QPA_PLATFORM": "wayland"}
        wait_until(lambda: _ready(desktop), "GNOME's panel", within_s=60, every_s=0.2)
        desktop.evaluate(_POINTER)
        desktop.evaluate("Main.overview.hide(); 1")
        wait_until(lambda: desktop.evaluate("Main.overview.visible") is False, "the overview to go")
        portal.start_for_gnome(session, permission)
        yield desktop


def _ready(desktop: GnomeDesktop) -> bool:
    try:
        return bool(desktop.evaluate("Main.layoutManager._startingUp === false"))
    except (AssertionError, TimeoutError):
        return False
