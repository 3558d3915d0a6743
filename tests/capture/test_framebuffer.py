from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import mss
import pytest
from PIL import Image

from client.capture.encode import encode
from client.capture.framebuffer import FramebufferCamera, displays_of
from client.core.models import Display, Flaw
from tests.capture.shots import take
from tests.rigs.desktop import Desktop, x_desktop
from tests.rigs.scene import scene
from tests.rigs.screens import Screen

LAYOUT = (Screen("", 0, 120, 1280, 720), Screen("", 1280, 0, 1600, 900), Screen("", 200, 900, 1024, 600))


@pytest.fixture(scope="module")
def one_display() -> Iterator[Desktop]:
    with x_desktop(tray=None) as desktop:
        yield desktop


@pytest.fixture
def here(one_display: Desktop, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    """The test itself is a program of the desktop's session."""
    monkeypatch.setenv("DISPLAY", one_display.env["DISPLAY"])
    return one_display


@pytest.mark.needs("Xvfb", "openbox", "xdotool")
class TestOneDisplay:
    def test_the_picture_is_what_is_on_the_screen(self, here: Desktop) -> None:
        (shot,) = FramebufferCamera(lambda: ()).take()

        assert (shot.display.x, shot.display.y, shot.display.width, shot.display.height) == (0, 0, 1280, 800)
        assert (shot.display.number, shot.display.primary, shot.flaw) == (1, True, None)
        assert shot.pixels is not None
        seen = Image.frombytes("RGB", (1280, 800), bytes(shot.pixels), "raw", "BGRX")
        assert seen.tobytes() == scene(here.screens[0], 0).tobytes()

    def test_no_pixel_is_copied_on_the_way(self, here: Desktop) -> None:
        (shot,) = FramebufferCamera(lambda: ()).take()

        assert isinstance(shot.pixels, bytearray)

    def test_what_is_sent_is_what_was_on_the_screen(self, here: Desktop) -> None:
        (shot,) = FramebufferCamera(lambda: ()).take()

        with Image.open(io.BytesIO(encode(shot).data)) as sent:
            assert sent.convert("RGB").tobytes() == scene(here.screens[0], 0).tobytes()

    def test_the_scale_comes_from_the_window_system(self, one_display: Desktop) -> None:
        (taken,) = take(one_display.session, env={"QT_SCALE_FACTOR": "2"})

        assert (taken.place, taken.told["scale"]) == ((0, 0, 1280, 800), 2.0)

    def test_a_display_that_was_unplugged_meanwhile_is_told_and_the_other_is_fine(self, here: Desktop) -> None:
        known = (Display("screen", 1, 0, 0, 1280, 800), Display("DP-2", 2, 1280, 0, 1920, 1080))

        there, gone = FramebufferCamera(lambda: known).take()

        assert (there.flaw, there.pixels is not None) == (None, True)
        assert (gone.display, gone.flaw, gone.pixels) == (known[1], Flaw.FAILED, None)

    def test_a_display_that_cannot_be_read_leaves_the_others_their_pictures(
        self, here: Desktop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = {"left": 0, "top": 0, "width": 1280, "height": 800}
        off = {"left": 1280, "top": 0, "width": 1920, "height": 1080, "output": "DP-2"}
        monkeypatch.setattr(mss.MSS, "monitors", property(lambda self: [whole, {**whole, "output": "DP-1"}, off]))

        good, bad = FramebufferCamera(lambda: ()).take()

        assert (good.display.name, good.flaw) == ("DP-1", None)
        assert (bad.display.name, bad.flaw, bad.pixels) == ("DP-2", Flaw.FAILED, None)

    def test_it_lets_go_of_the_display_after_each_picture(self, here: Desktop) -> None:
        """A connection that stayed would run out after some 250 pictures."""
        import psutil

        camera = FramebufferCamera(lambda: ())
        camera.take()
        before = psutil.Process().num_fds()
        for _ in range(5):
            camera.take()

        assert psutil.Process().num_fds() == before


@pytest.mark.needs("Xvfb")
def test_a_display_that_is_gone_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":64999")

    (shot,) = FramebufferCamera(lambda: ()).take()

    assert (shot.flaw, shot.pixels, shot.display.name) == (Flaw.UNAVAILABLE, None, "All displays")


def test_known_displays_of_a_display_server_that_is_gone_all_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":64999")
    known = (Display("A", 1, 0, 0, 10, 10), Display("B", 2, 10, 0, 10, 10))

    assert [(shot.display, shot.flaw) for shot in FramebufferCamera(lambda: known).take()] == [
        (known[0], Flaw.FAILED),
        (known[1], Flaw.FAILED),
    ]


@pytest.mark.needs("Xorg", "xrandr", "openbox", "xdotool")
@pytest.mark.needs_root
def test_each_of_several_displays_is_a_picture_of_its_own() -> None:
    with x_desktop(tray=None, screens=LAYOUT) as desktop:
        plain = take(desktop.session)
        scaled = take(desktop.session, env={"QT_SCREEN_SCALE_FACTORS": "DUMMY0=1;DUMMY1=2;DUMMY2=1.5"})
        by_qt = take(desktop.session, "qscreen")

    expected = [scene(screen, number) for number, screen in enumerate(desktop.screens)]
    for taken in (plain, scaled, by_qt):
        assert [one.told["name"] for one in taken] == ["DUMMY0", "DUMMY1", "DUMMY2"]
        assert [one.place for one in taken] == [(one.x, one.y, one.width, one.height) for one in LAYOUT]
        assert [one.told["primary"] for one in taken] == [True, False, False]
        assert [one.picture.tobytes() if one.picture else b"" for one in taken] == [one.tobytes() for one in expected]
    assert [one.told["scale"] for one in plain] == [1.0, 1.0, 1.0]
    assert [one.told["scale"] for one in scaled] == [1.0, 2.0, 1.5]


class TestMatching:
    KNOWN = (
        Display("DP-1", 1, 0, 0, 3840, 2160, 2.0, primary=True),
        Display("HDMI-1", 2, -1920, 0, 1920, 1080, 1.0),
    )

    @staticmethod
    def monitor(x: int, y: int, width: int, height: int, **more: Any) -> dict[str, Any]:
        return {"left": x, "top": y, "width": width, "height": height, **more}

    def numbers(self, *monitors: dict[str, Any]) -> list[tuple[int, str, float]]:
        return [(one.number, one.name, one.scale) for one in displays_of(monitors, self.KNOWN)]

    def test_the_name_comes_first(self) -> None:
        one = self.monitor(0, 0, 1920, 1080, output="HDMI-1")
        other = self.monitor(1920, 0, 3840, 2160, output="DP-1")

        assert self.numbers(one, other) == [(2, "HDMI-1", 1.0), (1, "DP-1", 2.0)]

    def test_then_the_origin(self) -> None:
        one = self.monitor(-1920, 0, 1920, 1080, name="Generic PnP Monitor")
        other = self.monitor(0, 0, 3839, 2160, name="Generic PnP Monitor")

        assert self.numbers(one, other) == [(2, "HDMI-1", 1.0), (1, "DP-1", 2.0)]

    def test_then_the_order(self) -> None:
        assert self.numbers(self.monitor(5, 5, 3840, 2160), self.monitor(-1915, 5, 1920, 1080)) == [
            (1, "DP-1", 2.0),
            (2, "HDMI-1", 1.0),
        ]

    def test_two_monitors_are_never_the_same_display(self) -> None:
        twin = self.monitor(0, 0, 3840, 2160, output="DP-1")

        assert [number for number, _, _ in self.numbers(twin, twin)] == [1, 2]

    def test_a_monitor_that_was_just_plugged_in_gets_a_number_of_its_own(self) -> None:
        known = [self.monitor(0, 0, 3840, 2160, output="DP-1"), self.monitor(-1920, 0, 1920, 1080, output="HDMI-1")]

        assert self.numbers(*known, self.monitor(3840, 0, 800, 600, output="VGA-1"))[2] == (3, "VGA-1", 1.0)

    def test_what_mss_measured_counts(self) -> None:
        """A resolution that was changed a moment ago: the picture has the new one."""
        (display,) = displays_of([self.monitor(0, 0, 800, 600, output="DP-1")], self.KNOWN[:1])

        assert (display.width, display.height, display.scale) == (800, 600, 2.0)

    def test_without_any_known_display_the_monitors_are_counted(self) -> None:
        monitors = [self.monitor(-10, 20, 800, 600, output="VGA-1"), self.monitor(790, 20, 640, 480)]

        assert displays_of(monitors, ()) == [
            Display("VGA-1", 1, -10, 20, 800, 600, 1.0, primary=True),
            Display("2", 2, 790, 20, 640, 480, 1.0, primary=False),
        ]
