"""The real thing: headless sway with two displays of different scale, and the real portal."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.capture.shots import Taken, take
from tests.rigs.portal import Permission
from tests.rigs.scene import scene
from tests.rigs.sway import SCREENS, SwayDesktop, sway_desktop

pytestmark = pytest.mark.needs("sway", "grim", "pipewire", "dbus-daemon")


def lower_half(picture: Image.Image | None) -> bytes:
    """Without the bar, which has a clock."""
    assert picture is not None
    return picture.crop((0, picture.height // 2, picture.width, picture.height)).tobytes()


def check_pictures(taken: list[Taken]) -> None:
    assert [one.told["name"] for one in taken] == [screen.name for screen in SCREENS]
    assert [one.place for one in taken] == [(one.x, one.y, one.width, one.height) for one in SCREENS]
    assert [one.told["scale"] for one in taken] == [1.0, 2.0]
    assert [one.told["flaw"] for one in taken] == [None, None]
    expected = [scene(screen, number) for number, screen in enumerate(SCREENS)]
    assert [lower_half(one.picture) for one in taken] == [lower_half(one) for one in expected]


def leftovers(desktop: SwayDesktop) -> list[str]:
    return [str(path) for path in desktop.session.folder.rglob("*.png") if "HEADLESS" not in path.name]


def test_the_portal_gives_every_display_its_own_pixels_and_leaves_no_file() -> None:
    with sway_desktop(Permission.GRANTED) as desktop:
        before = leftovers(desktop)
        taken = take(desktop.session)
        after = leftovers(desktop)

    check_pictures(taken)
    assert after == before


def test_a_stored_refusal_is_respected() -> None:
    with sway_desktop(Permission.REFUSED) as desktop:
        taken = take(desktop.session)

    assert [(one.told["flaw"], one.picture) for one in taken] == [("refused", None), ("refused", None)]


def test_without_a_portal_grim_gives_every_display_its_own_pixels() -> None:
    with sway_desktop(with_portal=False) as desktop:
        check_pictures(take(desktop.session))
