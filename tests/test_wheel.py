"""The wheel carries icons, catalogues, templates and migrations; it is installed and run away from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Installed:
    wheel: Path
    programs: Path
    away: Path

    def run(self, program: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        # The packages that it needs are those of this environment; its own code is the installed one.
        needed = sysconfig.get_path("purelib")
        return subprocess.run(
            [str(self.programs / program), *arguments],
            cwd=self.away,
            env=os.environ | {"PYTHONPATH": needed} | environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        timeout=300,
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    command = [sys.executable, "-m", "pip", "--python", str(folder / "venv"), "install", "--no-deps", "--no-index"]
    subprocess.run([*command, "--quiet", str(wheel)], capture_output=True, timeout=300, check=True)
    away = folder / "away"
    away.mkdir()
    return Installed(wheel, folder / "venv" / "bin", away)


def test_the_wheel_carries_what_is_not_python(installed: Installed) -> None:
    names = set(ZipFile(installed.wheel).namelist())
    assert "assets/locale/de/LC_MESSAGES/deskbell.mo" in names
    for folder, pattern in (
        ("assets/icons", "*.png"),
        ("client/ui", "*.qss"),
        ("server_stub", "**/*.html"),
        ("server_stub", "**/*.css"),
        ("server_stub/migrations", "**/*.py"),
    ):
        expected = {str(path.relative_to(ROOT)) for path in (ROOT / folder).glob(pattern) if path.is_file()}
        assert expected, pattern
        assert expected <= names
    assert not [name for name in names if name.startswith("tests/")]


def test_the_installed_programs_run(installed: Installed) -> None:
    profile = installed.away / "profile"
    done = installed.run("deskbell", "settings", "--json", "--profile", str(profile), LANGUAGE="de")
    assert done.returncode == 0, done.stderr
    assert "Adresse" in json.loads(done.stdout)["settings"]["server"]["help"]
    data = installed.away / "server"
    for arguments in (("init",), ("add-site", "Example Ltd")):
        done = installed.run("deskbell-server", *arguments, "--data", str(data))
        assert done.returncode == 0, done.stderr
    assert "dbk_" in done.stdout
