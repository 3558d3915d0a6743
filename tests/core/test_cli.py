"""The command line, as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.rigs.desk_server import DeskServer, free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Deskbell:
    profile: Path

    def __call__(self, *arguments: str, timeout: float = 60, **environ: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        return subprocess.run(
            [sys.executable, "-m", "client", *arguments, "--profile", str(self.profile)],
            cwd=ROOT,
            env=inherited | {"LANG": "C.UTF-8"} | environ,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def json(self, *arguments: str) -> tuple[int, Any]:
        done = self(*arguments, "--json")
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout)

    def set_up(self, url: str, site_key: str) -> None:
        self.profile.mkdir(exist_ok=True)
        (self.profile / "deskbell.json").write_text(json.dumps({"server": url, "site_key": site_key}))


@pytest.fixture
def deskbell(tmp_path: Path, desk_server: DeskServer) -> Deskbell:
    program = Deskbell(tmp_path / "profile")
    program.set_up(desk_server.url, desk_server.site_key)
    return program


def test_a_report_with_text_category_and_attachment(
    deskbell: Deskbell, desk_server: DeskServer, tmp_path: Path
) -> None:
    log = tmp_path / "error.log"
    log.write_text("boom")
    done = deskbell("report", "printer jams", "--category", "printer", "--attach", str(log), "--no-screens", "--wait")
    assert (done.returncode, done.stderr) == (0, "")
    number = int(done.stdout.split()[1])
    assert done.stdout == f"Ticket {number} is with IT.\n"
    ((text, category, body),) = desk_server.rows(
        "select text, category, body from tickets join manifests on ticket_id = id where number = ?", number
    )
    assert (text, category) == ("printer jams", "printer")
    manifest = json.loads(body)
    assert manifest["via"] == "cli"
    assert [item["name"] for item in manifest["attachments"]] == ["error.log"]
    assert len(manifest["facts"]) > 8


def test_a_report_needs_no_text(deskbell: Deskbell) -> None:
    code, answer = deskbell.json("report", "--no-screens")
    assert (code, answer["saved"], answer["delivered"]) == (0, True, True)


def test_offline_it_says_saved_and_the_outbox_shows_and_sends_it(deskbell: Deskbell, desk_server: DeskServer) -> None:
    deskbell.set_up(f"http://127.0.0.1:{free_port()}", desk_server.site_key)
    done = deskbell("report", "offline", "--no-screens")
    assert done.returncode == 3
    assert done.stdout == "Saved. Your report is safe on this PC and is sent by itself.\n"
    assert done.stderr.startswith("No connection right now.")
    code, answer = deskbell.json("outbox")
    assert code == 3
    assert [(row["state"], row["text"]) for row in answer["reports"]] == [("waiting", "offline")]
    deskbell.set_up(desk_server.url, desk_server.site_key)
    done = deskbell("outbox", "--send")
    assert (done.returncode, done.stdout) == (0, "Nothing is waiting: everything is with IT.\n")


def test_without_a_desktop_the_report_says_why_there_is_no_picture(deskbell: Deskbell, desk_server: DeskServer) -> None:
    _, answer = deskbell.json("report", "no desktop here")
    ((body,),) = desk_server.rows(
        "select body from manifests join tickets on ticket_id = id where number = ?", answer["ticket"]
    )
    facts = json.loads(body)["facts"]
    assert [fact["alarm"] for fact in facts if fact["label"] == "Screenshot"] == ["no picture"]


def test_an_attachment_that_is_not_there_is_said_and_nothing_is_sent(deskbell: Deskbell) -> None:
    done = deskbell("report", "hello", "--attach", "/nowhere/error.log", "--no-screens")
    assert done.returncode == 2
    assert "“error.log” cannot be attached" in done.stderr
    assert deskbell.json("outbox")[1]["reports"] == []


def test_a_disk_that_cannot_be_written_says_not_saved(tmp_path: Path, desk_server: DeskServer) -> None:
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile" / "spool").write_text("a file in the way")
    program = Deskbell(tmp_path / "profile")
    program.set_up(desk_server.url, desk_server.site_key)
    done = program("report", "hello", "--no-screens")
    assert done.returncode == 5
    assert done.stdout == ""
    assert "could not be saved" in done.stderr


def test_doctor_says_what_does_not_work_and_what_to_do(deskbell: Deskbell) -> None:
    code, answer = deskbell.json("doctor")
    checks = {check["key"]: check for check in answer["checks"]}
    assert code == 1  # no desktop here
    assert {key for key, check in checks.items() if check["ok"]} >= {"settings", "storage", "server", "device", "clock"}
    assert {"tray", "capture", "notifications", "secrets"} <= set(checks)
    assert all(check["advice"] for check in checks.values() if not check["ok"])


def test_doctor_names_a_server_that_does_not_answer(deskbell: Deskbell) -> None:
    deskbell.set_up(f"http://127.0.0.1:{free_port()}", "dbk_x")
    _, answer = deskbell.json("doctor")
    (server,) = [check for check in answer["checks"] if check["key"] == "server"]
    assert not server["ok"]
    assert server["state"] == "No connection right now"


def test_settings_are_shown_with_their_source_and_can_be_changed(deskbell: Deskbell) -> None:
    assert deskbell("settings", "theme", "dark").returncode == 0
    code, answer = deskbell.json("settings", "theme")
    assert (code, answer["settings"]["theme"]["value"], answer["settings"]["theme"]["source"]) == (0, "dark", "user")
    done = deskbell("settings", "theme", "pink")
    assert done.returncode == 2
    assert "system, light, dark" in done.stderr


def test_a_word_it_does_not_know_is_exit_code_2(deskbell: Deskbell) -> None:
    assert deskbell("reprot").returncode == 2


def test_the_command_line_starts_without_qt_and_without_the_network(deskbell: Deskbell) -> None:
    script = (
        "import sys; from client.__main__ import main; code = main(sys.argv[1:]);"
        "print(sorted(n for n in ('PySide6', 'requests', 'psutil', 'mss', 'PIL', 'keyring') if n in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "outbox", "--profile", str(deskbell.profile)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_it_speaks_the_users_language(deskbell: Deskbell) -> None:
    done = deskbell("outbox", LANGUAGE="de")
    assert done.stdout == "Nichts wartet: Alles ist bei der IT.\n"


def test_without_a_desktop_the_tray_program_says_what_works_instead(deskbell: Deskbell) -> None:
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    done = subprocess.run(
        [sys.executable, "-m", "client", "--profile", str(deskbell.profile)],
        cwd=ROOT,
        env=environ | {"LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "There is no desktop here to show an icon on. “deskbell report” works here too.\n"


def test_a_profile_that_cannot_be_written_is_said_by_every_command(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    program = Deskbell(tmp_path / "file" / "profile")
    for arguments in (("settings", "theme", "dark"), ("outbox",), ("report", "hello", "--no-screens"), ()):
        done = program(*arguments, QT_QPA_PLATFORM="offscreen")
        assert done.returncode in (1, 2, 5), arguments
        assert "Traceback" not in done.stderr
        assert done.stderr.strip()


@pytest.mark.parametrize("wrong", [("--category", "x" * 60), ("--category", "a\nb")])
def test_a_category_that_cannot_be_one_is_said_at_once(deskbell: Deskbell, wrong: tuple[str, str]) -> None:
    assert deskbell("report", "hello", "--no-screens", *wrong).returncode == 2
    assert deskbell.json("outbox")[1]["reports"] == []


def test_a_text_that_is_too_long_is_not_cut_but_said(deskbell: Deskbell) -> None:
    done = deskbell("report", "x" * 20_001, "--no-screens")
    assert done.returncode == 2
    assert "too long" in done.stderr


def test_doctor_shows_what_could_not_be_understood(deskbell: Deskbell) -> None:
    odd = deskbell.profile / "spool" / "quarantine" / "odd"
    odd.mkdir(parents=True)
    _, answer = deskbell.json("doctor")
    (storage,) = [check for check in answer["checks"] if check["key"] == "storage"]
    assert not storage["ok"]
    assert "quarantine" in storage["advice"]


@pytest.mark.parametrize("more", [(), ("--wait",), ("--json",)])
def test_a_fault_of_the_program_says_where_it_is_written_down_and_quotes_no_report(
    deskbell: Deskbell, more: tuple[str, ...]
) -> None:
    failing = """
import client.core.manifest as manifest
def encode(report): raise ValueError(report.text)
manifest.encode = encode
from client.__main__ import main
raise SystemExit(main())
"""
    command = [sys.executable, "-c", failing, "report", "canary", "--no-screens", *more, "--profile", deskbell.profile]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    written = (deskbell.profile / "log" / "crashes.log").read_text()
    assert "ValueError (" in done.stderr
    assert "ValueError" in written
    assert "canary" not in done.stdout + done.stderr + written
