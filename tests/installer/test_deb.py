"""The Debian package, from making it to purging it, in a Debian that has nothing but what it depends on."""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e import acting
from tests.installer import debian
from tests.rigs.deskbell import Server
from tests.rigs.desktop import Desktop, x_desktop
from tests.rigs.session import ROOT
from tests.rigs.trays import TrayHost
from tests.rigs.waiting import wait_until

TRAY_PROGRAM = "/usr/lib/deskbell/deskbell-tray"
AUTOSTART = "etc/xdg/autostart/org.deskbell.Deskbell.desktop"
LAUNCHER = "usr/share/applications/org.deskbell.Deskbell.desktop"
# Written by triggers of other packages, from what packages bring along.
MADE_BY_OTHERS = (
    "/etc/ld.so.cache",
    "/etc/fonts/conf.d/",
    "/usr/share/mime/",
    "/usr/share/fonts/",
    "/usr/local/share/fonts",
    "/var/lib/dpkg/",
)
PACKAGE = "/tmp/deskbell.deb"

pytestmark = [
    pytest.mark.needs(
        "Xvfb", "openbox", "xdotool", "dbus-daemon", "trayer", "debootstrap", "dpkg-shlibdeps", "objcopy"
    ),
    pytest.mark.needs_root,
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def may_mount() -> None:
    """Asked before anything is built."""
    reason = debian.why_not()
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="module")
def package() -> Path:
    made = ROOT / "build/quick/deskbell.deb"
    subprocess.run(["make", "-s", made.relative_to(ROOT)], cwd=ROOT, check=True, timeout=600)
    return made


@pytest.fixture
def system() -> Iterator[debian.FreshDebian]:
    made = debian.FreshDebian(ROOT / "build/debian/root")
    made.remove()
    made.make()
    try:
        yield made
    finally:
        made.remove()


@pytest.mark.usefixtures("may_mount")
def test_the_package_is_installed_used_upgraded_removed_and_purged(package: Path, system: debian.FreshDebian) -> None:
    before = system.files()
    with x_desktop() as desktop:
        server = Server(desktop.session)
        server.set_up()
        server.start()
        _install(system, package)
        _set_up_by_it(system, server)
        with system.shown_on(desktop.env):
            _two_clicks_file_a_ticket(system, desktop, server)
            _the_console_program_works(system, server)
            _a_second_start_opens_the_panel(system, desktop)
            _an_upgrade_starts_it_again(system)
            system.apt("remove", "deskbell")
            wait_until(lambda: not _running(system), "the program to end with its package")
    assert not (system.folder / "usr/lib/deskbell").exists()
    assert (system.folder / AUTOSTART).exists()
    assert (system.folder / "etc/deskbell/deskbell.json").exists()

    system.apt("purge", "deskbell")
    after = system.files()
    assert {path for path in after - before - system.owned() if not path.startswith(MADE_BY_OTHERS)} == set()
    assert not [path for path in after if "deskbell" in path.lower()]
    kept = system.folder / f"home/{debian.USER}/.local/share/deskbell/spool/sent"
    assert len(list(kept.iterdir())) == 2  # what belongs to the user stays with the user


@pytest.mark.needs("desktop-file-validate")
def test_the_package_has_what_a_desktop_looks_for(package: Path, tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "--extract", package, tmp_path], check=True, timeout=60)
    for path in (AUTOSTART, LAUNCHER):
        subprocess.run(["desktop-file-validate", tmp_path / path], check=True, timeout=10)
    icon = configparser.ConfigParser(interpolation=None)
    icon.read(tmp_path / LAUNCHER, "utf-8")
    name = icon["Desktop Entry"]["Icon"]
    assert (tmp_path / f"usr/share/icons/hicolor/48x48/apps/{name}.png").exists()
    assert (tmp_path / f"usr/share/metainfo/{name}.metainfo.xml").exists()
    licences = tmp_path / "usr/lib/deskbell/_internal/licences"
    assert {"Deskbell.txt", "README", "requests", "cryptography"} <= {path.name for path in licences.iterdir()}


def _install(system: debian.FreshDebian, package: Path) -> None:
    shutil.copy(package, system.folder / PACKAGE[1:])
    system.apt("install", PACKAGE)


def _set_up_by_it(system: debian.FreshDebian, server: Server) -> None:
    settings = {"server": server.url, "site_key": server.site_key}
    (system.folder / "etc/deskbell/deskbell.json").write_text(json.dumps(settings))


def _two_clicks_file_a_ticket(system: debian.FreshDebian, desktop: Desktop, server: Server) -> None:
    """With the program started as at log-in."""
    entry = _entry(system, AUTOSTART)
    desktop.session.processes.start("installed", system.user_command(entry["Exec"]), system.user_env)
    acting.report_by_two_clicks(desktop)
    (ticket,) = server.wait_for_tickets(1)
    assert desktop.pointer.clicks == 2
    acting.assert_pictures_show_the_scene(ticket, desktop.screens, TrayHost.TRAYER)
    assert ticket.manifest["requester"]["user"] == debian.USER
    acting.panel_is_gone_or_done(desktop)


def _the_console_program_works(system: debian.FreshDebian, server: Server) -> None:
    said = system.run_as_user("deskbell", "--version")
    assert said.stdout.startswith("deskbell "), said.stderr
    done = system.run_as_user("deskbell", "doctor", "--json")
    found = {check["key"]: check["ok"] for check in json.loads(done.stdout)["checks"]}
    assert found == {
        "settings": True,
        "storage": True,
        "session": True,
        "tray": True,
        "notifications": False,  # this desktop has nobody who shows them
        "capture": True,
        "secrets": True,
        "server": True,
        "device": True,
        "clock": True,
    }
    done = system.run_as_user("deskbell", "report", "from the console", "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    _first, ticket = server.wait_for_tickets(2)
    assert ticket.manifest["text"] == "from the console"
    assert ticket.screenshots()
    listed = system.run_as_user("deskbell", "tickets", "--json")  # kept in a database
    assert len(json.loads(listed.stdout)["tickets"]) == 2, listed.stdout + listed.stderr


def _a_second_start_opens_the_panel(system: debian.FreshDebian, desktop: Desktop) -> None:
    second = system.run_as_user(*_entry(system, LAUNCHER, "Desktop Action report")["Exec"].split())
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    acting.send_button(desktop)
    wait_until(lambda: len(_running(system)) == 1, "the second start to end")


def _an_upgrade_starts_it_again(system: debian.FreshDebian) -> None:
    """The same version once more goes the way of an upgrade."""
    (before,) = _running(system)
    system.apt("install", "--reinstall", PACKAGE)

    def started_again() -> psutil.Process | None:
        found = _running(system)
        return found[0] if len(found) == 1 and found[0] != before else None

    after = wait_until(started_again, "the program to start again")
    assert after is not None
    assert after.uids().real == debian.UID
    assert not list((system.folder / "run").glob("*deskbell*"))


def _running(system: debian.FreshDebian) -> list[psutil.Process]:
    """The tray programs that run there."""
    found = []
    for process in psutil.process_iter():
        try:
            program = Path(f"/proc/{process.pid}/exe").readlink()
            is_there = Path(f"/proc/{process.pid}/root").samefile(system.folder)
        except OSError:
            continue
        if is_there and str(program).removesuffix(" (deleted)").endswith(TRAY_PROGRAM):
            found.append(process)
    return found


def _entry(system: debian.FreshDebian, path: str, section: str = "Desktop Entry") -> configparser.SectionProxy:
    entries = configparser.ConfigParser(interpolation=None)
    entries.read(system.folder / path, "utf-8")
    return entries[section]
