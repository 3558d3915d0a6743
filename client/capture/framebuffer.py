"""Pictures on X11 and Windows, by mss: straight out of the frame buffer, without a copy of ours."""

from __future__ import annotations

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
            displays = [display_of(monitor, number, known) for number, monitor in enumerate(monitors, 1)]
            shots = [_grab(source, monitor, display) for monitor, display in zip(monitors, displays, strict=True)]
        shots += [Shot(display, now(), flaw=Flaw.FAILED) for display in _unplugged(known, displays)]
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


def display_of(monitor: Monitor, number: int, known: Sequence[Display]) -> Display:
    """The display behind a monitor of mss, in physical pixels, with the scale that the window system knows.

    Found by name (on X11 the output's name is the screen's name), else by place and size, else by order.
    """
    x, y, width, height = (int(monitor[key]) for key in ("left", "top", "width", "height"))
    name = str(monitor.get("output") or monitor.get("name") or "")
    match = (
        next((display for display in known if name and display.name == name), None)
        or next((one for one in known if (one.x, one.y, one.width, one.height) == (x, y, width, height)), None)
        or next((one for one in known if one.number == number), None)
    )
    if match is None:
        return replace(
            everything(width, height),
            name=name or f"{number}",
            number=number,
            x=x,
            y=y,
            primary=bool(monitor.get("is_primary", number == 1)),
        )
    return replace(match, x=x, y=y, width=width, height=height)


def _unplugged(known: Sequence[Display], found: Sequence[Display]) -> list[Display]:
    numbers = {display.number for display in found}
    return [display for display in known if display.number not in numbers]
