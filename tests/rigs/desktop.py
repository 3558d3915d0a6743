"""A whole X desktop to test on: session, display, window manager, scene, tray host, pointer."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tests.rigs import scene, trays, x11
from tests.rigs.pointer import Pointer
from tests.rigs.screens import Box, Colour, Screen, block_of, changed_box, picture
from tests.rigs.session import Session
from tests.rigs.trays import TrayHost
from tests.rigs.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Desktop:
    """A running X desktop. ``screens`` are in physical pixels, the primary one first."""

    session: Session
    screens: Sequence[Screen]
    pointer: Pointer
    bare: Image.Image

    @property
    def env(self) -> dict[str, str]:
        return self.session.env

    def picture(self, path: Path | None = None) -> Image.Image:
        """What all screens show; written to ``path`` as well where one is given."""
        shot = picture(self.env)
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            shot.save(path)
        return shot

    def with_tray(self, host: TrayHost, program: subprocess.Popen[bytes]) -> Desktop:
        """This desktop after a tray host has started, which ``program`` has not seen yet: it is stopped meanwhile."""
        os.killpg(program.pid, signal.SIGSTOP)
        try:
            trays.tray_host(self.session, host)
            return dataclasses.replace(self, bare=_at_rest(self.session))
        finally:
            os.killpg(program.pid, signal.SIGCONT)

    def settled(self, find: Callable[[Image.Image], Box | None], what: str, within_s: float = 20.0) -> Box:
        """Where something is, once it stays there: three pictures in a row, a tenth of a second apart, agree."""
        seen: list[Box | None] = []

        def stays() -> Box | None:
            seen.append(find(self.picture()))
            return seen[-1] if len(seen) > 2 and len(set(seen[-3:])) == 1 else None

        box = wait_until(stays, what, within_s, every_s=0.1)
        assert box is not None
        return box

    def tray_icon(self, within_s: float = 20.0) -> Box:
        """Where the tray icon is, found by what changed at the top of the primary screen since the desktop started."""
        primary = self.screens[0]
        top = (primary.x, primary.y, primary.x + primary.width, primary.y + 40)
        bare = self.bare.crop(top)

        def changed(shot: Image.Image) -> Box | None:
            box = changed_box(bare, shot.crop(top))
            return box if box and box[2] - box[0] >= 8 else None

        box = self.settled(changed, "a tray icon on the screen", within_s)
        return (box[0] + primary.x, box[1] + primary.y, box[2] + primary.x, box[3] + primary.y)

    def button(self, colour: Colour, within_s: float = 20.0) -> Box:
        """Where the lowest filled button of that colour is."""
        return self.settled(lambda shot: block_of(shot, colour, 60, 20), "a button in the accent colour", within_s)


@contextmanager
def x_desktop(
    tray: TrayHost | None = TrayHost.TRAYER,
    screens: Sequence[Screen] | None = None,
    size: tuple[int, int] = (1280, 800),
    images: Sequence[Image.Image] | None = None,
) -> Iterator[Desktop]:
    """A desktop on Xvfb of that size; or, where ``screens`` are given, on Xorg's dummy driver (root only).

    It shows the scene, or the ``images`` of the screens' sizes.
    """
    with Session() as session:
        placed = x11.xorg_dummy(session, screens) if screens else x11.xvfb(session, *size)
        trays.window_manager(session)
        scene.show(session, placed, images)
        if tray:
            trays.tray_host(session, tray)
        pointer = Pointer(session.env)
        primary = placed[0]
        pointer.move(primary.x + primary.width // 2, primary.y + primary.height // 2)
        desktop = Desktop(session, placed, pointer, _at_rest(session))
        yield desktop


def _at_rest(session: Session) -> Image.Image:
    """A picture of the desktop once it no longer changes: a host's panel is on the screen by then."""
    seen = [picture(session.env)]

    def still() -> bool:
        seen.append(picture(session.env))
        return len(seen) > 5 and all(changed_box(seen[-1], each) is None for each in seen[-5:-1])

    wait_until(still, "the desktop to come to rest", every_s=0.1)
    return seen[-1]
