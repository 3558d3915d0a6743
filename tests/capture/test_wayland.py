from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from client.capture.wayland import WaylandCamera
from client.core.models import Display, Flaw, Shot
from tests.capture.fake_portal import FakePortal
from tests.rigs.session import Session
from tests.rigs.waiting import wait_until

DISPLAYS = (Display("A", 1, 0, 0, 60, 40, primary=True), Display("B", 2, 60, 0, 50, 40))
WHOLE = Image.linear_gradient("L").resize((110, 40)).convert("RGB")

pytestmark = pytest.mark.needs("dbus-daemon", "setpriv")


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session() as session:
        yield session


@pytest.fixture
def bus(session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A bus without a portal, and no grim, unless `install_grim` puts one there."""
    address = session.env["DBUS_SESSION_BUS_ADDRESS"]
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return address


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "Screen shot-1.png"
    WHOLE.save(path)
    return path


def install_grim(tmp_path: Path, script: str) -> Path:
    """A grim of the test's own; it notes that it was called."""
    called = tmp_path / "grim-was-called"
    program = tmp_path / "bin/grim"
    program.write_text(f"#!/bin/sh\necho \"$@\" >> '{called}'\n{script}\n")
    program.chmod(0o755)
    return called


def working_grim(tmp_path: Path) -> Path:
    file = tmp_path / "frame.ppm"
    buffer = io.BytesIO()
    Image.effect_noise((30, 20), 50).convert("RGB").save(buffer, "PPM")
    file.write_bytes(buffer.getvalue())
    return install_grim(tmp_path, f"exec /bin/cat '{file}'")


def camera(budget_s: float = 2.0) -> WaylandCamera:
    return WaylandCamera(lambda: DISPLAYS, budget_s=budget_s, patience_s=10.0)


def flaws(shots: tuple[Shot, ...]) -> list[Flaw | None]:
    return [shot.flaw for shot in shots]


def test_the_portals_picture_is_cut_into_displays_and_its_file_deleted(bus: str, picture: Path) -> None:
    with FakePortal(bus, uri=picture.as_uri()) as portal:
        shots = camera().take()

    assert [shot.display for shot in shots] == list(DISPLAYS)
    assert flaws(shots) == [None, None]
    expected = [WHOLE.crop((0, 0, 60, 40)), WHOLE.crop((60, 0, 110, 40))]
    assert [shot.pixels for shot in shots] == [one.tobytes("raw", "BGRX") for one in expected]
    assert not picture.exists()
    assert portal.options["interactive"] is False


def test_the_portal_is_told_who_asks(bus: str, picture: Path) -> None:
    with FakePortal(bus, uri=picture.as_uri()) as portal:
        camera().take()

    assert portal.registered == ["org.deskbell.Deskbell"]


@pytest.mark.parametrize("response", [1, 2])
def test_a_no_is_a_no_and_grim_is_not_asked(bus: str, tmp_path: Path, response: int) -> None:
    called = working_grim(tmp_path)
    with FakePortal(bus, response=response):
        shots = camera().take()

    assert flaws(shots) == [Flaw.REFUSED, Flaw.REFUSED]
    assert not called.exists()


def test_without_a_portal_every_display_is_taken_by_grim(bus: str, tmp_path: Path) -> None:
    called = working_grim(tmp_path)

    shots = camera().take()

    assert flaws(shots) == [None, None]
    assert [(shot.display.name, shot.display.width, shot.display.height) for shot in shots] == [
        ("A", 30, 20),
        ("B", 30, 20),
    ]
    assert called.read_text().splitlines() == ["-o A -t ppm -", "-o B -t ppm -"]


def test_a_portal_without_screenshots_makes_way_for_grim(bus: str, tmp_path: Path) -> None:
    working_grim(tmp_path)
    with FakePortal(bus, with_interface=False):
        assert flaws(camera().take()) == [None, None]


def test_with_neither_portal_nor_grim_every_display_says_so(bus: str) -> None:
    assert flaws(camera().take()) == [Flaw.UNAVAILABLE, Flaw.UNAVAILABLE]


def test_without_a_message_bus_it_says_so(bus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")

    assert flaws(camera().take()) == [Flaw.UNAVAILABLE, Flaw.UNAVAILABLE]


def test_a_compositor_that_grim_does_not_know_is_no_failure_of_grim(bus: str, tmp_path: Path) -> None:
    called = install_grim(tmp_path, "echo compositor does not support wlr-screencopy >&2; exit 1")

    assert flaws(camera().take()) == [Flaw.UNAVAILABLE, Flaw.UNAVAILABLE]
    assert called.exists()


def test_one_display_that_fails_leaves_the_other_its_picture(bus: str, tmp_path: Path) -> None:
    working_grim(tmp_path)
    program = tmp_path / "bin/grim"
    program.write_text(program.read_text().replace("exec", '[ "$2" = B ] && exit 1; exec'))

    assert flaws(camera().take()) == [None, Flaw.FAILED]


def test_a_grim_that_hangs_costs_no_more_than_the_budget(bus: str, tmp_path: Path) -> None:
    install_grim(tmp_path, "exec /bin/sleep 60")
    started = time.monotonic()

    assert flaws(camera(budget_s=0.4).take()) == [Flaw.UNAVAILABLE, Flaw.UNAVAILABLE]
    assert time.monotonic() - started < 3


def test_a_portal_that_never_answers_costs_no_more_than_the_budget(bus: str) -> None:
    started = time.monotonic()
    with FakePortal(bus, silent=True, response=1):
        shots = camera(budget_s=0.3).take()

    assert flaws(shots) == [Flaw.NO_ANSWER, Flaw.NO_ANSWER]
    assert time.monotonic() - started < 3


def test_where_the_portal_never_answers_grim_is_asked(bus: str, tmp_path: Path) -> None:
    working_grim(tmp_path)
    with FakePortal(bus, silent=True, response=1):
        assert flaws(camera(budget_s=1.5).take()) == [None, None]


def test_a_late_answer_is_not_used_but_its_file_is_deleted(bus: str, picture: Path) -> None:
    with FakePortal(bus, silent=True, uri=picture.as_uri()) as portal:
        shots = camera(budget_s=0.3).take()
        assert flaws(shots) == [Flaw.NO_ANSWER, Flaw.NO_ANSWER]
        assert picture.exists()
        portal.may_answer.set()
        wait_until(lambda: not picture.exists(), "the late picture to be deleted")


def test_while_the_question_stands_it_is_not_put_again(bus: str) -> None:
    with FakePortal(bus, silent=True, response=1) as portal:
        one = camera(budget_s=0.3)
        one.take()

        assert flaws(one.take()) == [Flaw.NO_ANSWER, Flaw.NO_ANSWER]
        assert portal.asked == 1


def test_after_a_late_answer_the_portal_is_asked_again(bus: str, picture: Path) -> None:
    with FakePortal(bus, silent=True, uri=picture.as_uri()) as portal:
        one = camera(budget_s=0.5)
        one.take()
        portal.may_answer.set()
        wait_until(lambda: not picture.exists(), "the late picture to be deleted")
        WHOLE.save(picture)

        wait_until(lambda: flaws(one.take()) == [None, None], "a picture")
        assert not picture.exists()


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n cut off"])
def test_a_picture_that_cannot_be_read_is_deleted_too(bus: str, picture: Path, content: bytes) -> None:
    picture.write_bytes(content)
    with FakePortal(bus, uri=picture.as_uri()):
        shots = camera().take()

    assert flaws(shots) == [Flaw.UNAVAILABLE, Flaw.UNAVAILABLE]
    assert not picture.exists()


def test_a_link_is_neither_followed_nor_removed(bus: str, picture: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.png"
    link.symlink_to(picture)
    with FakePortal(bus, uri=link.as_uri()):
        shots = camera().take()

    assert flaws(shots) == [Flaw.UNAVAILABLE, Flaw.UNAVAILABLE]
    assert link.is_symlink()
    assert picture.exists()


@pytest.mark.parametrize(
    "uri", ["", "/etc/hostname", "http://127.0.0.1:9/x.png", "file://elsewhere/x.png", "file:///nowhere/x.png", None]
)
def test_only_a_local_file_that_is_there_is_taken(bus: str, uri: str | None) -> None:
    with FakePortal(bus, uri=uri):
        assert flaws(camera().take()) == [Flaw.UNAVAILABLE, Flaw.UNAVAILABLE]


def test_a_pipe_does_not_hang_the_camera(bus: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    with FakePortal(bus, uri=pipe.as_uri()):
        assert flaws(camera().take()) == [Flaw.UNAVAILABLE, Flaw.UNAVAILABLE]
    assert pipe.exists()


def test_displays_that_cannot_be_told_stop_nothing(bus: str) -> None:
    def broken() -> tuple[Display, ...]:
        raise RuntimeError("no window system")

    (shot,) = WaylandCamera(broken).take()

    assert (shot.pixels, shot.flaw) == (None, Flaw.FAILED)


MIXED = (Display("A", 1, 0, 0, 30, 20), Display("B", 2, 30, 0, 30, 20, scale=2.0))


def test_displays_of_unequal_scale_are_taken_one_by_one_once_the_portal_said_yes(
    bus: str, picture: Path, tmp_path: Path
) -> None:
    called = working_grim(tmp_path)
    with FakePortal(bus, uri=picture.as_uri()):
        shots = WaylandCamera(lambda: MIXED).take()

    assert flaws(shots) == [None, None]
    assert len(called.read_text().splitlines()) == 2
    assert not picture.exists()


def test_displays_of_unequal_scale_come_from_the_portals_picture_where_grim_fails(
    bus: str, picture: Path, tmp_path: Path
) -> None:
    install_grim(tmp_path, "exit 1")
    Image.effect_noise((90, 40), 80).convert("RGB").save(picture)
    with FakePortal(bus, uri=picture.as_uri()):
        shots = WaylandCamera(lambda: MIXED).take()

    assert [(shot.flaw, shot.display) for shot in shots] == [(None, MIXED[0]), (None, MIXED[1])]
