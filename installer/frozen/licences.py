"""The licences of all that is frozen together, as its makers ask for: one folder in the bundle."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from installer.frozen.contents import ROOT, Entry

LGPL = "https://www.gnu.org/licenses/lgpl-3.0.html"


def gathered(entries: Iterable[Entry], work: Path) -> tuple[str, str]:
    """For PyInstaller's `datas`: writes the folder under `work`, for the packages that `entries` come from."""
    folder = work / "licences"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", folder / "Deskbell.txt")
    python = Path(sysconfig.get_path("stdlib"), "LICENSE.txt")
    if python.exists():  # not on Debian, which keeps it elsewhere
        shutil.copy(python, folder / "Python.txt")
    owners = metadata.packages_distributions()
    tops = {target.replace("\\", "/").split("/")[0].split(".")[0] for target, _, _ in entries}
    names = sorted({owner for top in tops for owner in owners.get(top, [])} - {"deskbell"})
    (folder / "README").write_text(_overview(names), encoding="utf-8")
    for name in names:
        for file in metadata.files(name) or ():
            if ".dist-info/" in file.as_posix() and file.name.upper().startswith(("LICEN", "NOTICE", "COPYING")):
                target = folder / name / file.name
                target.parent.mkdir(exist_ok=True)
                shutil.copy(str(file.locate()), target)
    return str(folder), "licences"


def _overview(names: list[str]) -> str:
    lines = [
        "Deskbell is under the MIT licence. It is distributed together with Python (PSF licence) and these packages,",
        f"whose own files may be replaced by others of the same version. LGPL-3.0: {LGPL}",
        "",
    ]
    for name in names:
        about = metadata.metadata(name)
        licence = about.get("License-Expression") or about.get("License") or "see its own file"
        lines.append(f"{name} {about['Version']}: {licence.splitlines()[0]}")
    return "\n".join(lines) + "\n"
