"""What is in the frozen program, and what is left out of what PyInstaller would collect, each with its reason."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePath

import PIL
import PySide6

Entry = tuple[str, str, str]  # PyInstaller's: the path in the bundle, the file it is made from, its kind

ROOT = Path(__file__).resolve().parents[2]
ENTRY = ROOT / "client/__main__.py"
IS_LINUX = sys.platform.startswith("linux")

QT_MODULES = {"QtCore", "QtDBus", "QtGui", "QtWidgets"} | ({"QtNetwork"} if sys.platform == "win32" else set())
PICTURE_PLUGINS = {"PIL.PngImagePlugin", "PIL.PpmImagePlugin"}  # what we write and portals hand over; what grim writes
LATE_IMPORTS = {  # named by a text at run time, so PyInstaller does not see them
    "win32": ["keyring.backends.Windows"],
    "darwin": ["keyring.backends.macOS"],
}.get(sys.platform, ["keyring.backends.SecretService"])


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Modules by name, or files by patterns of their path in the bundle, that the program does without."""

    reason: str
    names: tuple[str, ...]


MODULES = (
    LeftOut("of Qt only what the client imports", tuple(sorted(
        f"PySide6.{stub.stem}" for stub in Path(PySide6.__path__[0]).glob("Qt*.pyi") if stub.stem not in QT_MODULES
    ))),
    LeftOut("pictures are read and written as PNG, and read from grim as PPM", (
        "PIL._avif", "PIL._imagingcms", "PIL._imagingft", "PIL._webp", *sorted(
            f"PIL.{plugin.stem}" for plugin in Path(PIL.__path__[0]).glob("*ImagePlugin.py")
            if f"PIL.{plugin.stem}" not in PICTURE_PLUGINS
        ))),
    LeftOut("other kinds of windows", ("tkinter", "PIL.ImageQt", "PIL.ImageTk", "PIL._imagingtk", "curses")),
    LeftOut("only for developing and for typing at a prompt", (
        "doctest", "ensurepip", "lib2to3", "pdb", "pydoc", "readline", "unittest")),
    LeftOut("threads of our own do what these are for", ("asyncio", "multiprocessing")),
    LeftOut("the client unpacks nothing and calls nobody by XML", (
        "bz2", "lzma", "xmlrpc")),
    LeftOut("ids are random: no address of a network card is asked for", ("_uuid",)),
    LeftOut("for parts of cryptography that are not used", ("cffi", "_cffi_backend")),
    LeftOut("comes with the very library that needs it", ("signature_bootstrap",)),
)  # fmt: skip

FILES = (
    LeftOut("Qt's words in languages that ours are not in", ("*/translations/*",)),
    LeftOut("screens without a window system", (
        "*/egldeviceintegrations/*", "*/generic/*", "*/platforms/*qeglfs*", "*/platforms/*qlinuxfb*",
        "*/platforms/*qminimal*", "*/platforms/*qvkkhrdisplay*", "*/platforms/*qvnc*", "*/platforms/*qdirect2d*",
        "*libQt6EglF*")),
    LeftOut("widgets are drawn without OpenGL", (
        "*/xcbglintegrations/*", "*/wayland-graphics-integration-client/*", "*libQt6OpenGL*", "*Qt6OpenGL.dll",
        "*QtOpenGL.framework*", "*opengl32sw.dll", "*d3dcompiler_*.dll")),
    LeftOut("shells of cars and kiosks, and one that no desktop speaks any more", (
        "*/wayland-shell-integration/*fullscreen*", "*/wayland-shell-integration/*ivi*",
        "*/wayland-shell-integration/*qt-shell*", "*/wayland-shell-integration/*wl-shell*", "*libQt6WlShell*")),
    LeftOut("would load GTK into every GNOME session; file dialogs are the portal's", ("*/platformthemes/*qgtk3*",)),
    LeftOut("HTTP is spoken by requests, not by Qt", ("*/tls/*", "*/networkinformation/*") + (
        () if sys.platform == "win32" else ("*libQt6Network*", "*QtNetwork.framework*"))),
    LeftOut("pictures are PNG, icons of desktops PNG or SVG", (
        "*/imageformats/*qgif*", "*/imageformats/*qicns*", "*/imageformats/*qico*", "*/imageformats/*qjpeg*",
        "*/imageformats/*qpdf*", "*/imageformats/*qtga*", "*/imageformats/*qtiff*", "*/imageformats/*qwbmp*",
        "*/imageformats/*qwebp*")),
    LeftOut("typed by the operating system's own keyboard", ("*/platforminputcontexts/*virtualkeyboard*",)),
    LeftOut("back-ends of keyring are named outright, so their list is not read", ("*.dist-info/*",)),
)  # fmt: skip


def left_out_modules() -> list[str]:
    """Names for PyInstaller's `excludes`."""
    return [name for part in MODULES for name in part.names]


def kept(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that go into the bundle."""
    return [entry for entry in entries if _is_wanted(entry)]


def data() -> list[tuple[str, str]]:
    """Files of ours that are not Python, for PyInstaller's `datas`. Raises LookupError without compiled catalogues."""
    icons = [path for path in (ROOT / "assets/icons").glob("*.png") if sys.platform == "darwin" or _is_coloured(path)]
    catalogues = sorted((ROOT / "assets/locale").glob("*/LC_MESSAGES/deskbell.mo"))
    if [path.with_suffix(".po") for path in catalogues] != sorted((ROOT / "assets/locale").glob("*/LC_MESSAGES/*.po")):
        raise LookupError("a catalogue is not compiled: make bundle does it")
    files = [*sorted(icons), *catalogues, ROOT / "client/ui/theme.qss"]
    return [(str(path), path.parent.relative_to(ROOT).as_posix()) for path in files]


def _is_wanted(entry: Entry) -> bool:
    target, source, kind = entry
    path = "/" + PurePath(target).as_posix()
    if PurePath(target).name in {f"qtbase_{language}.qm" for language in _languages()}:
        return True
    if IS_LINUX and kind == "BINARY" and _is_of_the_system(source):
        return False
    return not any(fnmatch(path, pattern) for part in FILES for pattern in part.names)


def _is_of_the_system(source: str) -> bool:
    """Whether the distribution has this library and keeps it up to date: the package then depends on it.

    A copy would be one that nobody updates, and would get in the way of the system's programs and modules. Bundled are
    those that the next release has in another version only.
    """
    in_system = source.startswith(("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/"))
    return in_system and not PurePath(source).name.startswith(("libpython", "libmpdec"))


def _is_coloured(icon: Path) -> bool:
    return not icon.name.startswith("mask")  # silhouettes, which macOS alone asks for


def _languages() -> set[str]:
    return {path.name for path in (ROOT / "assets/locale").iterdir() if path.is_dir()}
