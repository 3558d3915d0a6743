from __future__ import annotations

import pytest

from client.capture import qscreen
from client.core.models import Flaw
from tests.capture.shots import take
from tests.rigs.desktop import x_desktop
from tests.rigs.scene import scene


@pytest.mark.needs("Xvfb", "openbox", "xdotool")
def test_qt_takes_the_very_pixels_at_any_scale() -> None:
    with x_desktop(tray=None) as desktop:
        taken = [take(desktop.session, "qscreen", env={"QT_SCALE_FACTOR": factor})[0] for factor in ("1", "1.5", "2")]

    assert [one.told["scale"] for one in taken] == [1.0, 1.5, 2.0]
    for one in taken:
        assert one.place == (0, 0, 1280, 800)
        assert one.picture is not None
        assert one.picture.tobytes() == scene(desktop.screens[0], 0).tobytes()


def test_without_the_permission_of_macos_the_picture_is_marked(qapp: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qscreen, "may_record", lambda: False)

    shots = qscreen.ScreenCamera().take()

    assert shots
    assert all(shot.flaw in (Flaw.WALLPAPER_ONLY, Flaw.FAILED) for shot in shots)


def test_elsewhere_no_permission_is_needed() -> None:
    assert qscreen.may_record() is True
