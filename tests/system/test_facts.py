from __future__ import annotations

import subprocess
import sys
from collections import namedtuple
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from client.core.models import Collector, Display, FrontWindow
from client.system.facts import collectors, hardware, network, session, software
from client.system.facts.amounts import size
from tests.rigs.session import ROOT

GIB = 1 << 30
FRONT = FrontWindow("soffice.bin", "Budget.ods – Calc")
DISPLAYS = (Display("DP-1", 1, 0, 0, 3840, 2160, 2.0, True), Display("HDMI-1", 2, -1920, 0, 1920, 1080, 1.25))


def all_collectors() -> dict[str, Collector]:
    return {one.key: one for one in collectors(FRONT, DISPLAYS, "deskbell 1.2.3")}


def test_there_is_one_collector_for_each_fact_of_the_allow_list() -> None:
    assert [one.key for one in collectors(FRONT, DISPLAYS, "")] == [
        "host",
        "user",
        "domain",
        "front",
        "model",
        "os",
        "boot",
        "reboot",
        "memory",
        "disks",
        "displays",
        "battery",
        "adapters",
        "route",
        "dns",
        "vpn",
        "proxy",
        "session",
        "time",
        "locale",
        "programs",
        "printers",
        "client",
    ]


@pytest.mark.parametrize("key", all_collectors())
def test_each_fact_of_this_machine_is_a_short_text_or_missing(key: str) -> None:
    found = all_collectors()[key].read()

    if found is not None:
        value, alarm = found
        assert 0 < len(value) < 1000
        assert value == value.strip()
        assert "\n" not in value
        assert alarm is None or alarm


@pytest.mark.skipif(sys.platform != "linux", reason="what a Linux always knows")
@pytest.mark.parametrize("key", ["host", "user", "os", "boot", "memory", "disks", "time", "programs", "client"])
def test_a_linux_always_knows_its_basics(key: str) -> None:
    assert all_collectors()[key].read() is not None


def test_the_front_window_and_displays_are_those_of_the_click() -> None:
    found = all_collectors()

    assert found["front"].read() == ("soffice.bin – Budget.ods – Calc", None)
    assert found["displays"].read() == ("1: DP-1 3840 × 2160, 200 %; 2: HDMI-1 1920 × 1080, 125 %", None)
    assert found["client"].read() == (f"deskbell 1.2.3, Python {sys.version.split()[0]}", None)


def test_an_unknown_front_window_is_a_missing_fact() -> None:
    assert session.front(FrontWindow()) is None
    assert session.front(FrontWindow(program="xterm")) == ("xterm", None)


def test_no_fact_starts_a_program() -> None:
    script = (
        "import sys; seen = []\n"
        "sys.addaudithook(lambda event, args: seen.append(event) if event in"
        " ('subprocess.Popen', 'os.system', 'os.posix_spawn', 'os.fork', 'os.exec') else None)\n"
        "from client.core.models import FrontWindow\n"
        "from client.system.facts import collectors\n"
        "for one in collectors(FrontWindow(), (), ''):\n"
        "    one.read()\n"
        "print(seen)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True, text=True, timeout=30
    )

    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_nothing_heavy_is_loaded_with_the_collectors() -> None:
    script = (
        "import sys\n"
        "import client.capture, client.system.facts, client.system.front_window, client.system.identity\n"
        "import client.system.instance, client.system.probe, client.system.secrets\n"
        "heavy = 'requests urllib3 ssl psutil mss sqlite3 asyncio PIL jeepney keyring PySide6 ctypes'.split()\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True, text=True, timeout=30
    )

    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    ("count_bytes", "text"),
    [
        (0, "0 MB"),
        (300 << 20, "300 MB"),
        (int(3.14 * GIB), "3.1 GB"),
        (256 * GIB, "256 GB"),
        (2048 * GIB, "2.0 TB"),
    ],
)
def test_sizes_are_written_as_people_write_them(count_bytes: int, text: str) -> None:
    assert size(count_bytes) == text


Usage = namedtuple("Usage", "total used free percent")
Partition = namedtuple("Partition", "device mountpoint fstype opts")


class TestDisks:
    @staticmethod
    def lay_out(monkeypatch: pytest.MonkeyPatch, parts: list[Partition], free: dict[str, tuple[float, float]]) -> None:
        def usage(path: str) -> Usage:
            if path not in free:
                raise OSError(f"{path} must not be asked")
            return Usage(int(free[path][1] * GIB), 0, int(free[path][0] * GIB), 0.0)

        monkeypatch.setattr(psutil, "disk_partitions", lambda all: parts)
        monkeypatch.setattr(psutil, "disk_usage", usage)

    def test_every_fixed_disk_is_told_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        parts = [
            Partition("/dev/sda2", "/", "ext4", "rw"),
            Partition("/dev/sda2", "/var/lib/docker", "ext4", "rw"),
            Partition("/dev/sdb1", "/home", "xfs", "rw"),
            Partition("/dev/loop3", "/snap/core/1", "squashfs", "ro"),
            Partition("server:/x", "/mnt/dead", "nfs4", "rw"),
            Partition("//server/share", "/mnt/share", "cifs", "rw"),
            Partition("user@host:", "/mnt/ssh", "fuse.sshfs", "rw"),
            Partition("/dev/sr0", "/media/cd", "iso9660", "ro"),
        ]
        self.lay_out(monkeypatch, parts, {"/": (100, 250), "/home": (900, 1900)})

        assert hardware.disks() == ("/ 100 GB free of 250 GB; /home 900 GB free of 1.9 TB", None)

    def test_a_drive_on_the_network_of_windows_is_not_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        parts = [Partition("C:\\", "C:\\", "NTFS", "rw,fixed"), Partition("H:\\", "H:\\", "NTFS", "rw,remote")]
        self.lay_out(monkeypatch, parts, {"C:\\": (3.1, 256)})

        assert hardware.disks() == ("C:\\ 3.1 GB free of 256 GB", "low")

    @pytest.mark.parametrize(
        ("free", "total", "alarm"), [(3, 256, "low"), (20, 256, None), (0.4, 0.5, None), (0.01, 0.5, "low")]
    )
    def test_a_disk_is_low_when_both_share_and_amount_are_small(
        self, monkeypatch: pytest.MonkeyPatch, free: float, total: float, alarm: str | None
    ) -> None:
        self.lay_out(monkeypatch, [Partition("/dev/sda1", "/", "ext4", "rw")], {"/": (free, total)})

        found = hardware.disks()

        assert found is not None
        assert found[1] == alarm


@pytest.mark.parametrize(("free", "alarm"), [(8, None), (1, "nearly full")])
def test_memory_is_alarming_below_a_tenth(monkeypatch: pytest.MonkeyPatch, free: int, alarm: str | None) -> None:
    monkeypatch.setattr(
        psutil, "virtual_memory", lambda: SimpleNamespace(available=free * GIB, total=16 * GIB), raising=True
    )

    found = hardware.memory()

    assert found == (f"{size(free * GIB)} free of 16 GB", alarm)


@pytest.mark.parametrize(
    ("percent", "plugged", "expected"),
    [
        (80.4, True, ("80 %, plugged in", None)),
        (50, False, ("50 %, on battery", None)),
        (6, False, ("6 %, on battery", "low")),
        (6, True, ("6 %, plugged in", None)),
    ],
)
def test_the_battery_is_alarming_when_nearly_empty_and_unplugged(
    monkeypatch: pytest.MonkeyPatch, percent: float, plugged: bool, expected: tuple[str, str | None]
) -> None:
    state = SimpleNamespace(percent=percent, power_plugged=plugged)
    monkeypatch.setattr(psutil, "sensors_battery", lambda: state, raising=False)

    assert hardware.battery() == expected


def test_no_battery_is_a_missing_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", lambda: None, raising=False)

    assert hardware.battery() is None


@pytest.mark.skipif(sys.platform != "linux", reason="reads /sys")
class TestModel:
    @staticmethod
    def read(monkeypatch: pytest.MonkeyPatch, folder: Path, **values: str) -> Any:
        for name, value in values.items():
            (folder / name).write_text(value + "\n")
        monkeypatch.setattr(hardware, "DMI", folder)
        monkeypatch.setattr(hardware, "DEVICE_TREE_MODEL", folder / "device-tree")
        return hardware.model()

    def test_it_is_maker_and_name(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        found = self.read(
            monkeypatch, tmp_path, sys_vendor="LENOVO", product_name="20XW", product_version="ThinkPad X1 Carbon Gen 9"
        )

        assert found == ("LENOVO 20XW ThinkPad X1 Carbon Gen 9", None)

    def test_what_the_maker_left_blank_is_left_out(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        found = self.read(
            monkeypatch, tmp_path, sys_vendor="To Be Filled By O.E.M.", product_name="System Product Name"
        )

        assert found is None

    def test_small_computers_have_a_device_tree(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "device-tree").write_bytes(b"Raspberry Pi 4 Model B Rev 1.4\0")

        assert self.read(monkeypatch, tmp_path) == ("Raspberry Pi 4 Model B Rev 1.4", None)


@pytest.mark.parametrize(
    ("days", "suffix", "alarm"),
    [
        (0, "", None),
        (1, ", 1 day ago", None),
        (29, ", 29 days ago", None),
        (40, ", 40 days ago", "not restarted for weeks"),
    ],
)
def test_the_last_start_is_alarming_after_weeks(
    monkeypatch: pytest.MonkeyPatch, days: int, suffix: str, alarm: str | None
) -> None:
    started = datetime.now().astimezone() - timedelta(days=days, hours=1)
    monkeypatch.setattr(psutil, "boot_time", started.timestamp)

    assert software.boot() == (f"{started:%Y-%m-%d %H:%M}{suffix}", alarm)


def test_a_clock_that_runs_behind_the_last_start_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = datetime.now().astimezone() + timedelta(days=5)
    monkeypatch.setattr(psutil, "boot_time", ahead.timestamp)

    assert software.boot() == (f"{ahead:%Y-%m-%d %H:%M}", None)


@pytest.mark.skipif(sys.platform != "linux", reason="the flag of the Debian family")
class TestRestart:
    @pytest.fixture(autouse=True)
    def places(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(software, "RESTART_FLAG", tmp_path / "flag")
        monkeypatch.setattr(software, "RESTART_HOOK", tmp_path / "hook")

    def test_a_flag_means_a_restart_is_needed(self, tmp_path: Path) -> None:
        (tmp_path / "flag").touch()

        assert software.restart_pending() == ("yes", "restart needed")

    def test_no_flag_means_no_where_somebody_sets_it(self, tmp_path: Path) -> None:
        (tmp_path / "hook").touch()

        assert software.restart_pending() == ("no", None)

    def test_elsewhere_nobody_knows(self) -> None:
        assert software.restart_pending() is None


def test_the_largest_program_is_named_with_all_its_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Process:
        def __init__(self, name: str, megabytes: int) -> None:
            self._name, self._bytes = name, megabytes << 20

        def name(self) -> str:
            if self._name == "gone":
                raise psutil.NoSuchProcess(1)
            return self._name

        def memory_info(self) -> SimpleNamespace:
            if self._name == "secret":
                raise psutil.AccessDenied(1)
            return SimpleNamespace(rss=self._bytes)

    running = [Process("mail", 700), Process("gone", 9000), Process("secret", 1), *[Process("browser", 300)] * 4]
    running += [Process(f"small-{number}", 10 + number) for number in range(60)]
    monkeypatch.setattr(psutil, "process_iter", lambda: iter(running))

    found = software.largest_programs()

    assert found == ("browser 1.2 GB, mail 700 MB, small-59 69 MB, small-58 68 MB, small-57 67 MB", None)


@pytest.mark.skipif(sys.platform == "win32", reason="CUPS")
def test_printers_are_the_queues_of_cups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("Lab", "Office-3"):
        (tmp_path / f"{name}.ppd").touch()
    options = tmp_path / "lpoptions"
    options.write_text("Dest Lab sides=one-sided\nDefault Office-3 media=a4\n")
    monkeypatch.setattr(software, "PPD", tmp_path)
    monkeypatch.setattr(software, "LPOPTIONS", (tmp_path / "absent", options))

    assert software.printers() == ("Lab, Office-3 (default)", None)


Address = namedtuple("Address", "family address")


class TestNetwork:
    @staticmethod
    def plug(monkeypatch: pytest.MonkeyPatch, adapters: dict[str, list[str]], down: tuple[str, ...] = ()) -> None:
        import socket

        def family(text: str) -> int:
            return socket.AF_INET6 if ":" in text else socket.AF_INET

        addresses = {name: [Address(family(text), text) for text in texts] for name, texts in adapters.items()}
        stats = {name: SimpleNamespace(isup=name not in down) for name in adapters}
        monkeypatch.setattr(psutil, "net_if_addrs", lambda: addresses)
        monkeypatch.setattr(psutil, "net_if_stats", lambda: stats)

    def test_adapters_that_are_up_are_told_with_their_addresses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plug(
            monkeypatch,
            {
                "lo": ["127.0.0.1", "::1"],
                "eth0": ["10.1.2.3", "fe80::1%eth0", "2001:db8::7"],
                "wlan0": ["192.0.2.9"],
                "docker0": ["172.17.0.1"],
            },
            down=("docker0",),
        )

        assert network.adapters() == ("eth0 10.1.2.3, 2001:db8::7; wlan0 192.0.2.9", None)

    def test_an_address_the_machine_made_up_itself_is_alarming(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plug(monkeypatch, {"eth0": ["169.254.7.7"]})

        assert network.adapters() == ("eth0 169.254.7.7", "no address from the network")

    def test_no_adapter_at_all_is_alarming(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plug(monkeypatch, {"lo": ["127.0.0.1"]})

        assert network.adapters() == ("none", "not connected")

    def test_a_vpn_is_known_by_its_adapter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plug(
            monkeypatch,
            {"eth0": ["10.1.2.3"], "wg0": ["10.9.0.2"], "Cisco AnyConnect": ["10.8.0.2"], "tun1": []},
        )

        assert network.vpn() == ("wg0, Cisco AnyConnect", None)

    def test_no_vpn_is_a_missing_fact(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plug(monkeypatch, {"eth0": ["10.1.2.3"]})

        assert network.vpn() is None

    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
    def test_the_default_route_is_the_one_with_the_least_metric(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        routes = tmp_path / "route"
        routes.write_text(
            "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
            "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
            "eth0\t00000000\t0102000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
            "eth0\t0002000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
        )
        monkeypatch.setattr(network, "ROUTES", routes)

        assert network.route() == ("10.0.2.1 by eth0", None)

    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
    def test_a_network_of_ipv6_alone_has_a_route_too(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        routes = tmp_path / "ipv6_route"
        zero = "0" * 32
        gateway = "fe800000000000000000000000000001"
        routes.write_text(
            f"{zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200       lo\n"
            f"{zero} 00 {zero} 00 {gateway} 00000400 00000001 00000000 00000003     eth0\n"
        )
        monkeypatch.setattr(network, "ROUTES", tmp_path / "absent")
        monkeypatch.setattr(network, "ROUTES_6", routes)

        assert network.route() == ("fe80::1 by eth0", None)

    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
    def test_no_route_is_alarming(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(network, "ROUTES", tmp_path / "absent")
        monkeypatch.setattr(network, "ROUTES_6", tmp_path / "absent")

        assert network.route() == ("none", "not connected")

    @pytest.mark.skipif(sys.platform == "win32", reason="reads resolv.conf")
    def test_behind_a_local_stub_the_real_servers_are_told(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        stub, real = tmp_path / "stub", tmp_path / "real"
        stub.write_text("# made by systemd\nnameserver 127.0.0.53\noptions edns0\n")
        real.write_text("nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.1\nsearch corp\n")
        monkeypatch.setattr(network, "RESOLV", stub)
        monkeypatch.setattr(network, "RESOLVED", real)

        assert network.name_servers() == ("10.0.0.1, 10.0.0.2", None)

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("http://anna:s3cret@proxy.corp:3128/", "proxy.corp:3128"),
            ("proxy.corp:8080", "proxy.corp:8080"),
            ("socks5://[fd00::1]:1080", "[fd00::1]:1080"),
            ("http://proxy.corp", "proxy.corp"),
        ],
    )
    def test_a_proxy_is_told_without_its_password(
        self, monkeypatch: pytest.MonkeyPatch, value: str, expected: str
    ) -> None:
        monkeypatch.setenv("https_proxy", value)

        assert network.proxy() == (expected, None)

    @pytest.mark.parametrize("value", ["", "http://", "//:8080"])
    def test_a_proxy_that_makes_no_sense_is_a_missing_fact(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        for name in network.PROXY_VARIABLES:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("https_proxy", value)

        assert network.proxy() is None


class TestSession:
    @pytest.mark.parametrize(
        ("environ", "expected"),
        [
            ({"WAYLAND_DISPLAY": "wayland-0", "XDG_CURRENT_DESKTOP": "ubuntu:GNOME"}, "ubuntu, GNOME (Wayland)"),
            ({"DISPLAY": ":0", "XDG_CURRENT_DESKTOP": "XFCE"}, "XFCE (X11)"),
            ({"DISPLAY": ":0"}, "X11"),
            ({"XDG_CURRENT_DESKTOP": "KDE"}, "KDE"),
            ({}, None),
        ],
    )
    def test_the_desktop_session_is_told(
        self, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], expected: str | None
    ) -> None:
        for name in ("WAYLAND_DISPLAY", "DISPLAY", "XDG_CURRENT_DESKTOP"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)

        assert session.desktop() == (None if expected is None else (expected, None))

    def test_the_time_zone_has_its_name_and_distance(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        link = tmp_path / "localtime"
        link.symlink_to("/usr/share/zoneinfo/America/St_Johns")
        monkeypatch.setattr(session, "LOCAL_TIME", link)
        monkeypatch.delenv("TZ", raising=False)

        found = session.time_zone()

        assert found is not None
        assert found[0].startswith("America/St_Johns (UTC")

    def test_the_realm_of_kerberos_is_the_domain(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        config = tmp_path / "krb5.conf"
        config.write_text("[libdefaults]\n  default_realm = CORP.EXAMPLE\n")
        monkeypatch.setattr(session, "KERBEROS", config)

        assert session.domain() == ("corp.example", None)
        config.unlink()
        assert session.domain() is None
