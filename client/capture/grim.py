"""Pictures on compositors of the wlroots family, by the program grim."""

from __future__ import annotations

import io
import shutil
import subprocess
import time
from collections.abc import Sequence

from client.capture.camera import everything, now
from client.capture.composite import shot_of
from client.core.models import Display, Flaw, Shot


def program() -> str | None:
    """Where grim is, or None."""
    return shutil.which("grim")


def take(displays: Sequence[Display], budget_s: float) -> tuple[Shot, ...] | None:
    """A shot per display within `budget_s`, or None where this compositor does not do it for grim at all."""
    grim = program()
    if grim is None:
        return None
    deadline = time.monotonic() + budget_s
    if not displays:
        shots: tuple[Shot, ...] = (_shot([grim], everything(), deadline),)
    else:
        shots = tuple(_shot([grim, "-o", display.name], display, deadline) for display in displays)
    return shots if any(shot.pixels is not None for shot in shots) else None


def _shot(command: list[str], display: Display, deadline: float) -> Shot:
    taken_at = now()
    try:
        # Uncompressed: the PNG that grim would make costs longer than everything else together.
        done = subprocess.run(  # noqa: S603 - a fixed program, and the name of an output as one argument
            [*command, "-t", "ppm", "-"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=max(0.0, deadline - time.monotonic()),
            check=True,
        )
        from PIL import Image

        with Image.open(io.BytesIO(done.stdout), formats=["PPM"]) as picture:
            return shot_of(picture, display, taken_at)
    except MemoryError:
        raise
    except Exception:
        return Shot(display, taken_at, flaw=Flaw.FAILED)
