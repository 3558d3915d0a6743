"""A Wayland desktop of our own: headless sway with two outputs, one of them scaled, and the screenshot portal."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tests.rigs import portal
from tests.rigs.portal import Permission
from tests.rigs.scene import scene
from tests.rigs.screens import Screen
from tests.rigs.session import Session
from tests.rigs.trays import status_notifier_items
from tests.rigs.waiting import wait_until

# Places are in the compositor's logical pixels, sizes in physical ones.
SCREENS = (Screen("HEADLESS-1", 0, 0, 1280, 720), Screen("HEADLESS-2", 1280, 0, 1600, 1200, scale=2))

_CONFIG = """
{outputs}
xwayland disable
default_border none
bar {{
  position top
  swaybar_command swaybar
  tray_output *
}}
"""


@dataclass(frozen=True, slots=True)
class SwayDesktop:
    """A running sway. It has no pointer; keys go through the virtual-keyboard protocol."""

    session: Session
    screens: tuple[Screen, ...] = SCREENS

    @property
    def env(self) -> dict[str, str]:
        return self.session.env

    def press(self, *arguments: str) -> None:
        """Presses keys, in wtype's words: ``press("-M", "ctrl", "-k", "Return")``."""
        self._run("wtype", *arguments)

    def picture(self, path: Path, output: str | None = None) -> Image.Image:
        """What the outputs (or one of them) show."""
        self._run("grim", *(["-o", output] if output else []), str(path))
        return Image.open(path).convert("RGB")

    def windows(self) -> str:
        """The window tree, as sway's JSON."""
        return self._run("swaymsg", "-t", "get_tree")

    def _run(self, *command: str) -> str:
        return subprocess.run(command, env=self.env, check=True, timeout=10, capture_output=True, text=True).stdout


@contextmanager
def sway_desktop(permission: Permission = Permission.GRANTED, *, with_portal: bool = True) -> Iterator[SwayDesktop]:
    """Headless sway with a bar that hosts StatusNotifier icons; each output shows its own scene."""
    with Session(as_nobody=True) as session:
        session.env |= {
            "XDG_CURRENT_DESKTOP": "sway",
            "XDG_SESSION_TYPE": "wayland",
            "WLR_BACKENDS": "headless",
            "WLR_HEADLESS_OUTPUTS": str(len(SCREENS)),
            "WLR_LIBINPUT_NO_DEVICES": "1",
            "WLR_RENDERER": "pixman",
            "GSETTINGS_BACKEND": "memory",
        }
        outputs = []
        for number, screen in enumerate(SCREENS):
            backdrop = session.folder / f"{screen.name}.png"
            scene(screen, number).save(backdrop)
            mode = f"mode {screen.width}x{screen.height} position {screen.x},{screen.y} scale {screen.scale}"
            outputs.append(f"output {screen.name} {mode} bg {backdrop} fill")
        config = session.folder / "sway.conf"
        config.write_text(_CONFIG.format(outputs="\n".join(outputs)))
        run = session.folder / "run"
        session.hand_over(session.folder)
        session.processes.start("sway", ["sway", "--config", config], session.env)
        wait_until(lambda: list(run.glob("wayland-?")) and list(run.glob("sway-ipc*")), "sway")
        session.env["WAYLAND_DISPLAY"] = next(run.glob("wayland-?")).name
        session.env["SWAYSOCK"] = str(next(run.glob("sway-ipc*")))
        session.env["QT_QPA_PLATFORM"] = "wayland"
        wait_until(lambda: status_notifier_items(session) is not None, "swaybar to watch for icons")
        # A seat without a device has no keyboard, and programs miss the first keys of one that has just come.
        session.processes.start("keyboard", ["wtype", "-s", "3600000", "-k", "Shift_L"], session.env)
        desktop = SwayDesktop(session)
        _wait_for_backdrops(desktop)
        if with_portal:
            portal.start_for_sway(session, permission)
        yield desktop


def _wait_for_backdrops(desktop: SwayDesktop) -> None:
    def painted() -> bool:
        for number, screen in enumerate(SCREENS):
            shot = desktop.picture(desktop.session.folder / "rest.png", screen.name)
            lower = (0, screen.height // 2, screen.width, screen.height)
            if shot.crop(lower).tobytes() != scene(screen, number).crop(lower).tobytes():
                return False
        return True

    wait_until(painted, "the scene on every output", every_s=0.1)
