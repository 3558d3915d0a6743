"""Makes the Debian package out of dist/deskbell: `python -m installer.linux.deb`, or `make deb`.

The same sources and tools give the same bytes, if SOURCE_DATE_EPOCH is the same. DESKBELL_MAINTAINER is who answers for
the package; whoever builds it for others sets it. With --quick it is packed in a fraction of the time, is half as
large again, and lies apart, as it is for tests.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from client import __version__

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "installer/linux"
BUNDLE = ROOT / "dist/deskbell"
STAGE = ROOT / "build/deb"
QUICK = ROOT / "build/quick/deskbell.deb"
NAME = "org.deskbell.Deskbell"
MAINTAINER = "Deskbell <maintainer@deskbell.invalid>"
ICON_SIZES = (48, 128, 256, 512)
SCRIPTS = ("prerm", "postinst", "postrm")


def main(arguments: Sequence[str]) -> int:
    """Prints the path of the package."""
    made_at = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH") or datetime.now(UTC).timestamp()), UTC)
    maintainer = os.environ.get("DESKBELL_MAINTAINER") or MAINTAINER
    shutil.rmtree(STAGE, ignore_errors=True)
    package = STAGE / "deskbell"
    _programs(package)
    _desktop(package, made_at)
    _settings(package)
    _documents(package, maintainer, made_at)
    architecture = _told("dpkg", "--print-architecture")
    _control(package, maintainer, architecture)
    _same_modes(package)
    is_quick = "--quick" in arguments
    target = QUICK if is_quick else ROOT / f"build/deskbell_{__version__}_{architecture}.deb"
    target.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(int(made_at.timestamp()))}
    packing = ["-Zgzip", "-z1"] if is_quick else ["-Zxz"]
    command = ["dpkg-deb", "--root-owner-group", *packing, "--build", str(package), str(target)]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    print(target.relative_to(ROOT))
    return 0


def _programs(package: Path) -> None:
    shutil.copytree(BUNDLE, package / "usr/lib/deskbell", symlinks=True)
    (package / "usr/bin").mkdir(parents=True)
    for name in ("deskbell", "deskbell-tray"):
        (package / "usr/bin" / name).symlink_to(f"../lib/deskbell/{name}")


def _desktop(package: Path, made_at: datetime) -> None:
    launcher = (HERE / f"{NAME}.desktop").read_text(encoding="utf-8")
    _write(package / f"usr/share/applications/{NAME}.desktop", launcher)
    _write(package / f"etc/xdg/autostart/{NAME}.desktop", autostart(launcher))
    about = (HERE / f"{NAME}.metainfo.xml").read_text(encoding="utf-8")
    _write(package / f"usr/share/metainfo/{NAME}.metainfo.xml", about.format(version=__version__, date=made_at.date()))
    icons = package / "usr/share/icons/hicolor"
    for size in ICON_SIZES:
        _copy(ROOT / f"assets/icons/deskbell-{size}.png", icons / f"{size}x{size}/apps/{NAME}.png")
    _copy(ROOT / "assets/icons/deskbell.svg", icons / f"scalable/apps/{NAME}.svg")


def autostart(launcher: str) -> str:
    """The entry that starts the icon at log-in, made of the launcher: without actions, and gone with the program."""
    entry = launcher.partition("\n[Desktop Action")[0]
    lines = [line for line in entry.splitlines() if not line.startswith(("Actions=", "Keywords", "Categories="))]
    at = lines.index("Exec=deskbell")
    lines[at : at + 1] = ["Exec=deskbell-tray", "TryExec=deskbell-tray"]
    return "\n".join([*lines, "X-GNOME-Autostart-enabled=true"]) + "\n"


def _settings(package: Path) -> None:
    _copy(HERE / "debian/deskbell.json.example", package / "etc/deskbell/deskbell.json.example")


def _documents(package: Path, maintainer: str, made_at: datetime) -> None:
    folder, manual = package / "usr/share/doc/deskbell", package / "usr/share/man/man1"
    licence = (ROOT / "LICENSE").read_text().split("\n\n", 2)[2]
    text = "".join(f" {line}\n" if line else " .\n" for line in licence.strip().splitlines())
    _write(folder / "copyright", (HERE / "debian/copyright").read_text() + text)
    entry = f"deskbell ({__version__}) stable; urgency=medium\n\n  * What changed is in CHANGELOG.md.gz.\n\n"
    entry += f" -- {maintainer}  {format_datetime(made_at)}\n"
    for name, content in (("changelog", entry), ("CHANGELOG.md", (ROOT / "CHANGELOG.md").read_text())):
        _write_packed(folder / f"{name}.gz", content)
    _write_packed(manual / "deskbell.1.gz", (HERE / "deskbell.1").read_text())
    (manual / "deskbell-tray.1.gz").symlink_to("deskbell.1.gz")
    _copy(HERE / "debian/lintian-overrides", package / "usr/share/lintian/overrides/deskbell")


def _control(package: Path, maintainer: str, architecture: str) -> None:
    files = [path for path in package.rglob("*") if path.is_file() and not path.is_symlink()]
    told = {
        "version": __version__,
        "architecture": architecture,
        "maintainer": maintainer,
        "kibibytes": sum(-(-path.stat().st_size // 1024) for path in files),
        "depends": _depends(package, files),
    }
    _write(package / "DEBIAN/control", (HERE / "debian/control").read_text(encoding="utf-8").format(**told))
    _copy(HERE / "debian/conffiles", package / "DEBIAN/conffiles")
    for name in SCRIPTS:
        _copy(HERE / "debian" / name, package / "DEBIAN" / name)
    sums = [(hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest(), path) for path in sorted(files)]
    _write(package / "DEBIAN/md5sums", "".join(f"{sum_}  {path.relative_to(package)}\n" for sum_, path in sums))


def _depends(package: Path, files: Iterable[Path]) -> str:
    """The packages with the libraries that the bundle links to and does not hold, as dpkg itself finds them out."""
    linked = [str(path) for path in files if _is_elf(path)]
    (STAGE / "debian").mkdir()
    (STAGE / "debian/control").write_text("Source: deskbell\n\nPackage: deskbell\nArchitecture: any\n")
    folders = sorted({f"-l{path.parent}" for path in package.rglob("*.so*")})
    command = ["dpkg-shlibdeps", "--ignore-missing-info", "-O", *folders, *linked]
    done = subprocess.run(command, cwd=STAGE, capture_output=True, text=True, check=False)
    found = re.search(r"^shlibs:Depends=(.+)$", done.stdout, re.MULTILINE)
    if done.returncode or found is None:
        raise RuntimeError(done.stderr)
    return found.group(1)


def _same_modes(package: Path) -> None:
    """Whoever builds it with whatever umask: 0755 for folders and programs, 0644 for the rest."""
    for path in [package, *package.rglob("*")]:
        if not path.is_symlink():
            is_program = path.is_dir() or path.name in SCRIPTS or path.parent == package / "usr/lib/deskbell"
            path.chmod(0o755 if is_program and path.suffix != ".pkg" else 0o644)


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_packed(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _told(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
