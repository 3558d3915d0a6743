"""What is said where a picture is missing or says nothing."""

from __future__ import annotations

from client.core.models import Fact, Flaw, Shot
from client.core.words import N_, _

LABEL = N_("Screenshot")
NO_PICTURE = N_("no picture")
ODD_PICTURE = N_("look at the picture")


def sentence(flaw: Flaw, number: int) -> str:
    """Why there is no picture of the display with this `number`, or why it may say nothing."""
    return {
        Flaw.BLACK: _("Display {number} came out black – a protected window or a locked screen does that."),
        Flaw.ONE_COLOUR: _("Display {number} came out in one colour – there may be nothing to see on it."),
        Flaw.WALLPAPER_ONLY: _(
            "Display {number} shows only the wallpaper – this computer does not let Deskbell see windows yet."
        ),
        Flaw.REFUSED: _("This desktop did not allow a picture of display {number}."),
        Flaw.NO_ANSWER: _("This desktop did not answer in time, so there is no picture of display {number}."),
        Flaw.UNAVAILABLE: _("This desktop offers no way to take pictures. Your words and the facts are sent."),
        Flaw.FAILED: _("The picture of display {number} did not work out. Everything else is sent."),
    }[flaw].format(number=number)


def fact(shot: Shot) -> Fact | None:
    """The fact that a technician reads where a picture has a flaw, None where it has none."""
    if shot.flaw is None:
        return None
    return Fact(
        key=f"screenshot_{shot.display.number}",
        label=LABEL,
        value=sentence(shot.flaw, shot.display.number),
        alarm=NO_PICTURE if shot.pixels is None else ODD_PICTURE,
    )
