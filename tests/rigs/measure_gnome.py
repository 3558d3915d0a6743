"""Measures how long GNOME's tray menu stays in a picture taken after a click on its entry: `make measure-gnome`.

Real GNOME Shell with AppIndicator, real pointer, the real portal. Prints a table: for each delay, in how many of the
pictures some of the menu is left, and how much of its area.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

from PIL import Image, ImageChops

from tests.rigs.gnome import GnomeDesktop, gnome_desktop
from tests.rigs.screens import Box
from tests.rigs.session import ROOT
from tests.rigs.waiting import wait_until

DELAYS_MS = (0, 50, 100, 150, 175, 200, 250, 300)


def main(repeats: int = 8) -> int:
    with gnome_desktop() as desktop:
        version = str(desktop.evaluate("imports.misc.config.PACKAGE_VERSION"))
        for animated in (True, False):
            # Without a graphics card the shell switches its animations off by itself.
            desktop.evaluate(f"imports.gi.St.Settings.get().{'un' if animated else ''}inhibit_animations(); 1")
            on = desktop.evaluate("imports.gi.St.Settings.get().enable_animations")
            print(f"\nGNOME Shell {version}, animations {'on' if on else 'off'}, {repeats} pictures a delay")
            print("delay ms | called after ms | menu in picture | area that differs, median | most")
            for delay, shots in _measure(desktop, [*DELAYS_MS] * repeats).items():
                called, shares = [ms for ms, _ in shots], [share for _, share in shots]
                seen = sum(share > 0 for share in shares)
                row = f"{delay:8} | {median(called):15.0f} | {seen:7} of {len(shots):4} |"
                print(f"{row} {median(shares):24.0%} | {max(shares):4.0%}", flush=True)
    return 0


def _measure(desktop: GnomeDesktop, delays: list[int]) -> dict[int, list[tuple[int, float]]]:
    session = desktop.session
    folder = session.folder / "tmp" / f"shots-{desktop.clicks}"
    folder.mkdir()
    session.hand_over(folder)
    env = session.env | {"PYTHONPATH": str(ROOT)}
    name = folder.name
    camera = session.processes.start(
        name, [session.python, "-m", "tests.rigs.menu_camera", str(folder), *map(str, delays)], env
    )
    icon = wait_until(desktop.icon, "the tray icon")
    found: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for number, delay in enumerate(delays):
        bare = _at_rest(desktop)
        desktop.click(icon)
        entry = wait_until(desktop.first_entry, "the menu")
        _at_rest(desktop)
        desktop.click(entry)
        line = wait_until(lambda n=number: _line(session.processes.log(name), n), "the picture")
        if "taken" not in line:
            raise AssertionError(f"no picture: {line}")
        wait_until(lambda: desktop.first_entry() is None, "the menu to go")
        x, y, width, height = (int(part) for part in entry)
        with Image.open(folder / f"{number}.png") as shot:
            found[delay].append((int(line.split()[2]), _share(bare, shot, (x, y, x + width, y + height))))
    session.processes.stop(camera)
    wait_until(lambda: desktop.icon() is None, "the icon to go")
    return found


def _line(log: Path, number: int) -> str | None:
    return next((line for line in log.read_text().splitlines() if line.startswith(f"{number} ")), None)


def _share(bare: Image.Image, shot: Image.Image, box: Box) -> float:
    difference = ImageChops.difference(bare.crop(box), shot.convert("RGB").crop(box)).convert("L")
    return sum(difference.histogram()[1:]) / (difference.width * difference.height)


def _at_rest(desktop: GnomeDesktop) -> Image.Image:
    below = (0, 32, desktop.screens[0].width, desktop.screens[0].height)
    path = desktop.session.folder / "tmp/rest.png"
    shots: list[Image.Image] = [desktop.picture(path)]

    def still() -> bool:
        shots.append(desktop.picture(path))
        return len(shots) > 2 and len({shot.crop(below).tobytes() for shot in shots[-3:]}) == 1

    wait_until(still, "the desktop to come to rest", every_s=0.1)
    return shots[-1]


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
