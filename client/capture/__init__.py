"""Screenshots, every display its own picture: `choose` gives the camera that fits the session."""

from __future__ import annotations

from client.capture.camera import Camera, Displays
from client.capture.session import Session

__all__ = ["Camera", "Displays", "Session", "choose"]


def choose(session: Session, displays: Displays) -> Camera:
    """The camera of this kind of session.

    `displays` tells the displays as the window system sees them (`qscreen.displays`); it is called at each picture, on
    the thread that takes it, and may give nothing where no window system was asked (the command line).
    """
    if session is Session.WAYLAND:
        from client.capture.wayland import WaylandCamera

        return WaylandCamera(displays)
    if session is Session.MACOS:
        from client.capture.qscreen import ScreenCamera

        return ScreenCamera()
    from client.capture.framebuffer import FramebufferCamera

    return FramebufferCamera(displays)
