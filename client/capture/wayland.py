"""Pictures on Wayland: ask the desktop's portal, and grim where the portal has nothing to say."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Sequence

from client.capture import grim, portal
from client.capture.camera import Displays, now, without_picture
from client.capture.composite import split
from client.core.lane import within
from client.core.models import Display, Flaw, Shot

BUDGET_S = 2.0
PORTAL_SHARE = 0.75  # where grim is there, the rest of the budget is kept for it
PATIENCE_S = 120.0  # how long a desktop's own question may stand before its answer is no longer waited for


class WaylandCamera:
    """The portal first. A refusal is an answer: grim is not asked then.

    While the desktop still shows its question, the portal is not asked a second time.
    """

    name = "portal"
    on_gui_thread = False

    def __init__(self, displays: Displays, *, budget_s: float = BUDGET_S, patience_s: float = PATIENCE_S) -> None:
        self._displays = displays
        self._budget_s = budget_s
        self._patience_s = patience_s
        self._asking = threading.Lock()

    def take(self) -> tuple[Shot, ...]:
        deadline = time.monotonic() + self._budget_s
        displays: tuple[Display, ...] = ()
        try:
            displays = self._displays()
            share = PORTAL_SHARE if grim.program() else 1.0
            try:
                data = within(self._budget_s * share, self._ask)
                return _exact(displays, deadline) or _shots(data, displays)
            except portal.PortalRefused:
                return without_picture(displays, Flaw.REFUSED)
            except TimeoutError:
                flaw = Flaw.NO_ANSWER
            except portal.PortalError:
                flaw = Flaw.UNAVAILABLE
            return grim.take(displays, deadline - time.monotonic()) or without_picture(displays, flaw)
        except MemoryError:
            raise
        except Exception:
            return without_picture(displays, Flaw.FAILED)

    def _ask(self) -> bytes:
        """On a thread that outlives the budget, so that the file of a late answer is still deleted."""
        if not self._asking.acquire(blocking=False):
            raise TimeoutError("the desktop has not answered the last question yet")
        try:
            return portal.screenshot(self._patience_s)
        finally:
            self._asking.release()


def _exact(displays: Sequence[Display], deadline: float) -> tuple[Shot, ...] | None:
    """What grim gives for displays of unequal scale, None where it does not give all of them.

    Only once the portal has said yes. Its one picture has one scale, and displays of a smaller one are blurred in it.
    """
    if len({display.scale for display in displays}) < 2:
        return None
    shots = grim.take(displays, deadline - time.monotonic())
    return shots if shots and all(shot.pixels is not None for shot in shots) else None


def _shots(data: bytes, displays: Sequence[Display]) -> tuple[Shot, ...]:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=["PNG", "JPEG"]) as picture:
            picture.load()
            return split(picture, displays, now())
    except MemoryError:
        raise
    except Exception as error:
        raise portal.PortalError("the picture cannot be read") from error
