"""X displays of our own: Xvfb with one screen, Xorg's dummy driver with several."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from tests.rigs.screens import Screen
from tests.rigs.session import Session
from tests.rigs.waiting import wait_until

_DUMMY = """
Section "ServerFlags"
  Option "DontVTSwitch" "true"
  Option "AllowMouseOpenFail" "true"
  Option "AutoAddDevices" "false"
  Option "AutoEnableDevices" "false"
  Option "AutoAddGPU" "false"
EndSection
Section "Device"
  Identifier "device"
  Driver "dummy"
  VideoRam 512000
EndSection
Section "Monitor"
  Identifier "monitor"
  HorizSync 1.0-2000.0
  VertRefresh 1.0-500.0
EndSection
Section "Screen"
  Identifier "screen"
  Device "device"
  Monitor "monitor"
  DefaultDepth 24
  SubSection "Display"
    Depth 24
    Modes "1024x768"
    Virtual {width} {height}
  EndSubSection
EndSection
"""


def xvfb(session: Session, width: int = 1280, height: int = 800) -> list[Screen]:
    """Starts Xvfb and adds DISPLAY to the session's environment."""
    command = ["Xvfb", "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"]
    _start(session, command)
    return [Screen("screen", 0, 0, width, height)]


def xorg_dummy(session: Session, screens: Sequence[Screen]) -> list[Screen]:
    """Starts Xorg with a display for each screen, the first one the primary. Root only.

    The names are replaced by the driver's own, in the same order: DUMMY0, DUMMY1, …
    """
    wide = max(each.x + each.width for each in screens)
    high = max(each.y + each.height for each in screens)
    config = session.folder / "xorg.conf"
    config.write_text(_DUMMY.format(width=max(wide, 1024), height=max(high, 768)))
    options = [
        "-noreset",
        "-nolisten",
        "tcp",
        "-novtswitch",
        "-sharevts",
        "-logfile",
        session.folder / "logs/Xorg.0.log",
    ]
    _start(session, ["Xorg", "-config", config, *options])
    placed = [Screen(f"DUMMY{number}", each.x, each.y, each.width, each.height) for number, each in enumerate(screens)]
    for width, height in {(each.width, each.height) for each in placed}:
        _xrandr(session, "--newmode", f"{width}x{height}_rig", *_timing(width, height))
    layout: list[str] = []
    for number, each in enumerate(placed):
        mode = f"{each.width}x{each.height}_rig"
        _xrandr(session, "--addmode", each.name, mode)
        layout += ["--output", each.name, "--mode", mode, "--pos", f"{each.x}x{each.y}"]
        layout += ["--primary"] if number == 0 else []
    _xrandr(session, "--fb", f"{wide}x{high}", *layout)
    return placed


def _start(session: Session, command: Sequence[object]) -> None:
    reader, writer = os.pipe()
    arguments = [str(part) for part in command]
    session.processes.start("X", [*arguments, "-displayfd", str(writer)], session.env, pass_fds=[writer])
    os.close(writer)
    with os.fdopen(reader) as answer:
        number = answer.readline().strip()
    if not number:
        raise AssertionError(f"{arguments[0]} did not start:\n{session.processes.log('X').read_text()[-2000:]}")
    session.env["DISPLAY"] = f":{number}"
    session.env["QT_QPA_PLATFORM"] = "xcb"
    session.env["XDG_SESSION_TYPE"] = "x11"


def _timing(width: int, height: int) -> list[str]:
    """A mode line of that size: the dummy driver has no monitor that would mind the rest."""
    across, down = width + 160, height + 40
    clock = across * down * 30 / 1e6
    columns, rows = [width, width + 48, width + 80, across], [height, height + 3, height + 8, down]
    return [f"{clock:.2f}", *map(str, columns), *map(str, rows)]


def _xrandr(session: Session, *arguments: str) -> None:
    def done() -> bool:
        result = subprocess.run(["xrandr", *arguments], env=session.env, capture_output=True, text=True, check=False)
        said.append(result.stderr)
        return result.returncode == 0

    said: list[str] = []
    try:
        wait_until(done, "xrandr", within_s=5)
    except AssertionError:
        raise AssertionError(f"xrandr {' '.join(arguments)}: {said[-1]}") from None
