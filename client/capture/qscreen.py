"""The displays as Qt sees them, and pictures by Qt (macOS). The only place outside the windows that touches Qt."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from client.capture.camera import now, without_picture
from client.capture.flaws import flaw_of
from client.core.models import Display, Flaw, Shot

if TYPE_CHECKING:
    from PySide6.QtGui import QGuiApplication, QScreen

CORE_GRAPHICS = "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics"


def displays(app: QGuiApplication | type[QGuiApplication]) -> tuple[Display, ...]:
    """All displays, the primary one first; call it on the GUI thread.

    Qt scales a screen's size but leaves its origin as the system gave it, so only the size is multiplied.
    """
    primary = app.primaryScreen()
    return tuple(_display(screen, number, screen is primary) for number, screen in enumerate(app.screens(), 1))


def _display(screen: QScreen, number: int, is_primary: bool) -> Display:
    place, scale = screen.geometry(), screen.devicePixelRatio()
    return Display(
        name=screen.name(),
        number=number,
        x=place.x(),
        y=place.y(),
        width=round(place.width() * scale),
        height=round(place.height() * scale),
        scale=scale,
        primary=is_primary,
    )


class ScreenCamera:
    """`QScreen.grabWindow(0)`, which uses ScreenCaptureKit on a current macOS."""

    name = "qscreen"
    on_gui_thread = True

    def take(self) -> tuple[Shot, ...]:
        from PySide6.QtGui import QGuiApplication

        found: tuple[Display, ...] = ()
        try:
            found = displays(QGuiApplication)
            is_allowed = may_record()
            shots = tuple(
                _grab(screen, display, is_allowed)
                for screen, display in zip(QGuiApplication.screens(), found, strict=True)
            )
        except MemoryError:
            raise
        except Exception:
            return without_picture(found, Flaw.FAILED)
        return shots or without_picture((), Flaw.UNAVAILABLE)


def may_record() -> bool:
    """Whether macOS lets this program see other programs' windows; asks nobody.

    A grab would be no test: without the permission it shows the wallpaper, and it makes the system ask again.
    """
    if sys.platform != "darwin":
        return True
    import ctypes

    try:
        return bool(ctypes.CDLL(CORE_GRAPHICS).CGPreflightScreenCaptureAccess())
    except (OSError, AttributeError):  # before macOS 10.15 there was no such permission
        return True


def _grab(screen: QScreen, display: Display, is_allowed: bool) -> Shot:
    from dataclasses import replace

    from PySide6.QtGui import QImage

    taken_at = now()
    try:
        image = screen.grabWindow(0).toImage().convertToFormat(QImage.Format.Format_RGB32)
        if image.isNull():
            return Shot(display, taken_at, flaw=Flaw.FAILED)
        width, height = image.width(), image.height()  # 32 bits a pixel: rows have no padding
        pixels = bytes(image.constBits())
    except MemoryError:
        raise
    except Exception:
        return Shot(display, taken_at, flaw=Flaw.FAILED)
    flaw = flaw_of(pixels, width, height) if is_allowed else Flaw.WALLPAPER_ONLY
    return Shot(replace(display, width=width, height=height), taken_at, pixels, flaw)
