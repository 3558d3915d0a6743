"""What freezing costs and saves: the bundle beside PyInstaller's own idea of it, its start beside the script's."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from installer.frozen import contents
from tests.bench.measuring import Figure, figure, in_turn
from tests.bench.tray_figures import started
from tests.rigs.deskbell import Client, Server
from tests.rigs.desktop import x_desktop
from tests.rigs.session import ROOT
from tests.rigs.trays import TrayHost

FOLDER = ROOT / "dist/deskbell"


def figures(quick: bool) -> Iterator[Figure]:
    """Both bundles are made in this run, on this machine."""
    subprocess.run(["make", "-s", "bundle"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory(prefix="deskbell-bench-") as work:
        yield figure("bundle_size_ratio", [(mebibytes(FOLDER), mebibytes(_default(Path(work))))], "MiB")
    with x_desktop(TrayHost.LXQT) as desktop:
        session = desktop.session
        session.env.pop("PYTHONDONTWRITEBYTECODE")
        server = Server(session)
        server.set_up()
        server.start()
        profile = ["--profile", str(Client(session, server).profile)]
        script = [session.python, "-m", "client", *profile]
        frozen = [str(FOLDER / "deskbell-tray"), *profile]
        for command in (script, frozen):  # compiles, and reads everything once
            started(session, command)
        pairs = in_turn(lambda: started(session, frozen)[0], lambda: started(session, script)[0], 5 if quick else 21)
        yield figure("bundle_start_ratio", pairs, "ms")


def _default(work: Path) -> Path:
    """What PyInstaller makes of the same program by itself, with the same late imports and the same files of ours."""
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR", "--name", "deskbell"]
    command += ["--paths", str(ROOT), *(f"--{kind}path={work / kind}" for kind in ("dist", "work", "spec"))]
    command += [f"--hidden-import={name}" for name in contents.LATE_IMPORTS]
    command += [f"--add-data={source}:{target}" for source, target in contents.data()]
    subprocess.run([*command, str(contents.ENTRY)], cwd=ROOT, check=True, capture_output=True)
    return work / "dist/deskbell"


def mebibytes(folder: Path) -> float:
    """The bytes of all files, each counted once whatever leads to it."""
    files = {(found.st_dev, found.st_ino): found.st_size for found in map(Path.lstat, folder.rglob("*"))}
    return sum(files.values()) / 2**20
