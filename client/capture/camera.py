"""What every way of taking pictures has in common: the seam, and shots that tell why there is no picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from client.core.models import Display, Flaw, Shot

Displays = Callable[[], tuple[Display, ...]]

ALL_DISPLAYS = "All displays"


class Camera(Protocol):
    """One way of taking a picture of every display."""

    @property
    def name(self) -> str:
        """ "mss", "portal", "grim" or "qscreen"."""

    @property
    def on_gui_thread(self) -> bool:
        """True where `take` must be called on the GUI thread; otherwise it belongs on a lane."""

    def take(self) -> tuple[Shot, ...]:
        """One shot per display, at least one, within two seconds.

        Never raises (but MemoryError): what did not work comes back as a shot with a flaw and without pixels.
        """


def now() -> datetime:
    return datetime.now(UTC)


def everything(width: int = 0, height: int = 0) -> Display:
    """The display that stands for the whole desktop where the single ones are not known."""
    return Display(name=ALL_DISPLAYS, number=1, x=0, y=0, width=width, height=height, primary=True)


def without_picture(displays: Sequence[Display], flaw: Flaw) -> tuple[Shot, ...]:
    """A shot with `flaw` for each display, or a single one where no display is known."""
    taken_at = now()
    return tuple(Shot(display, taken_at, flaw=flaw) for display in displays or (everything(),))
