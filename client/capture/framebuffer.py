"""Pictures on X11 and Windows, by mss: straight out of the frame buffer, without a copy of ours."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from client.capture.camera import Displays, everything, now, without_picture
from client.capture.flaws import flaw_of
from client.core.models import Display, Flaw, Shot

if TYPE_CHECKING:
    import mss

Monitor = Mapping[str, Any]


class FramebufferCamera:
    """Opens mss, grabs every monitor, closes it: the connection and its buffer live no longer than the call."""

    name = "mss"
    on_gui_thread = False

    def __init__(self, displays: Displays) -> None:
        self._displays = displays

    def take(self) -> tuple[Shot, ...]:
        known: tuple[Display, ...] = ()
        try:
            known = self._displays()
            return self._grab_all(known)
        except MemoryError:
            raise
        except Exception:
            return without_picture(known, Flaw.FAILED if known else Flaw.UNAVAILABLE)

    def _grab_all(self, known: Sequence[Display]) -> tuple[Shot, ...]:
        import mss

        with mss.MSS() as source:
            every, *single = source.monitors
            monitors = single or [every]
            displays = displays_of(monitors, known)
            shots = [_grab(source, monitor, display) for monitor, display in zip(monitors, displays, strict=True)]
        seen = {display.number for display in displays}
        shots += [Shot(display, now(), flaw=Flaw.FAILED) for display in known if display.number not in seen]
        return tuple(sorted(shots, key=lambda shot: shot.display.number)) or without_picture((), Flaw.UNAVAILABLE)


def _grab(source: mss.MSS, monitor: Monitor, display: Display) -> Shot:
    taken_at = now()
    try:
        # `.raw` is the buffer itself; `.bgra` and `.rgb` would copy it.
        pixels = source.grab(dict(monitor)).raw
    except MemoryError:
        raise
    except Exception:
        return Shot(display, taken_at, flaw=Flaw.FAILED)
    if len(pixels) != display.width * display.height * 4:
        return Shot(display, taken_at, flaw=Flaw.FAILED)
    return Shot(display, taken_at, pixels, flaw_of(pixels, display.width, display.height))


def displays_of(monitors: Sequence[Monitor], known: Sequence[Display]) -> list[Display]:
    """The displays behind monitors of mss, in physical pixels, with number and scale as the window system knows them.

    Found by name (on X11 the output's name is the screen's name), else by origin, which Qt leaves as the system gave
    it, else by order. A monitor that the window system does not know yet gets the next number.
    """
    left = list(known)
    found: list[Display | None] = []
    for monitor in monitors:
        match = _match(monitor, left)
        if match is not None:
            left.remove(match)
        found.append(match)
    if len(monitors) == len(known):
        found = [display or left.pop(0) for display in found]
    numbers = itertools.count(len(known) + 1)
    displays = [
        _display(monitor, match or everything(), 0 if match else next(numbers))
        for monitor, match in zip(monitors, found, strict=True)
    ]
    if not any(display.primary for display in displays):  # X11 need not have one
        displays[0] = replace(displays[0], primary=True)
    return displays


def _match(monitor: Monitor, known: Sequence[Display]) -> Display | None:
    name, origin = _name(monitor), (monitor["left"], monitor["top"])
    by_name = (display for display in known if name and display.name == name)
    by_origin = (display for display in known if (display.x, display.y) == origin)
    return next(by_name, None) or next(by_origin, None)


def _display(monitor: Monitor, known: Display, new_number: int) -> Display:
    x, y, width, height = (int(monitor[key]) for key in ("left", "top", "width", "height"))
    display = replace(known, x=x, y=y, width=width, height=height)
    if not new_number:
        return display
    name = _name(monitor) or str(new_number)
    return replace(display, name=name, number=new_number, primary=bool(monitor.get("is_primary")))


def _name(monitor: Monitor) -> str:
    return str(monitor.get("output") or monitor.get("name") or "")
