"""What is said where a picture is missing or says nothing. English source strings of the catalogue."""

from __future__ import annotations

from client.core.models import Fact, Flaw, Shot
from client.core.words import N_

WORDS = {
    Flaw.BLACK: N_("The picture is all black: a program or a locked screen does not let itself be shown."),
    Flaw.ONE_COLOUR: N_("The picture shows one colour only."),
    Flaw.WALLPAPER_ONLY: N_("Only the wallpaper may be visible: this Mac does not allow pictures of windows yet."),
    Flaw.REFUSED: N_("This desktop did not allow a picture."),
    Flaw.NO_ANSWER: N_("This desktop did not answer in time when asked for a picture."),
    Flaw.UNAVAILABLE: N_("No picture can be taken on this desktop."),
    Flaw.FAILED: N_("Taking the picture went wrong."),
}

LABEL = N_("Screenshot")
NO_PICTURE = N_("no picture")
ODD_PICTURE = N_("look at the picture")


def fact(shot: Shot) -> Fact | None:
    """The fact that a technician reads where a picture has a flaw, None where it has none."""
    if shot.flaw is None:
        return None
    return Fact(
        key=f"screenshot_{shot.display.number}",
        label=LABEL,
        value=f"{shot.display.name or shot.display.number}: {WORDS[shot.flaw]}",
        alarm=NO_PICTURE if shot.pixels is None else ODD_PICTURE,
    )
