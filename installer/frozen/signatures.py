"""Shiboken's signature files, so that they can be compiled once instead of at every start.

PySide6 carries these Python files as text inside a library and compiles them whenever it is imported: 45 of the 95
milliseconds that a bare tray script takes. Where a folder `files.dir` is beside shiboken6, it imports them like any
other module instead. Unpacking them is Qt for Python's own doing, by its variable SBK_EMBED; it is done in a copy,
because the folder would stay in the environment for good.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import shiboken6

ENTRANCE = "shibokensupport.signature.loader"


def unpacked(work: Path) -> Path:
    """The folder to import `shibokensupport` from, made anew under `work`."""
    folder = work / "signatures"
    shutil.rmtree(folder, ignore_errors=True)
    copy = folder / "shiboken6"
    shutil.copytree(Path(shiboken6.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__", "files.dir"))
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "SBK_EMBED": "0"}
    subprocess.run([sys.executable, "-c", "import shiboken6"], env=environment, timeout=60, check=True)
    source = copy / "files.dir"
    if not (source / "shibokensupport/signature/loader.py").exists():
        raise LookupError("this shiboken6 does not unpack its signature files as it used to: see its SBK_EMBED")
    return source


def mark(work: Path) -> tuple[str, str]:
    """For PyInstaller's `datas`: makes the folder `files.dir` be there, which is what Shiboken looks for."""
    note = work / "README"
    note.write_text(
        "Because of this folder Shiboken imports its signature files, which are in the program, compiled.\n"
    )
    return str(note), "shiboken6/files.dir"
