"""Who may import whom, read from the source: an import inside a function counts as well."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("client", "server_stub", "assets", "tests", "installer")
BELOW = ("client.core", "client.desks", "client.capture", "client.system")
WORDS_AND_DATA = ("client.core.models", "client.core.errors", "client.core.words")


@dataclass(frozen=True, slots=True)
class Rule:
    """What the modules under ``package`` may import. Names stand for themselves and all below them."""

    package: str
    ours: tuple[str, ...]
    libraries: tuple[str, ...] | None = ()  # None: any
    never: tuple[str, ...] = ()


# The first rule whose package contains a module is the one that holds for it.
RULES = (
    Rule("client.core.http", ("client.core",), ("requests", "urllib3", "truststore")),
    Rule("client.core.faults", ("client.core",), ("requests", "urllib3")),  # turns the library's errors into ours
    Rule("client.core.paths", ("client.core",), ("platformdirs",)),
    Rule("client.core", ("client.core",)),
    Rule(
        "client.desks",
        (*WORDS_AND_DATA, "client.core.desk", "client.core.http", "client.core.faults"),
    ),
    Rule("client.capture.qscreen", ("client.capture", *WORDS_AND_DATA), ("PySide6",)),
    Rule("client.capture", ("client.capture", *WORDS_AND_DATA, "client.core.lane"), ("mss", "PIL", "jeepney")),
    Rule(
        "client.system",
        ("client.system", *WORDS_AND_DATA, "client.core.lane", "client.core.claim", "client.core.durable"),
        ("psutil", "keyring", "jeepney", "PIL"),
    ),
    Rule("client.ui", ("client.ui", "client.core"), ("PySide6", "shiboken6"), never=("sqlite3", "threading")),
    Rule("client.app", ("client",), None),
    Rule("client.commands.printing", ("client.core", "client.crash_log")),
    Rule(  # never client.ui
        "client.commands", (*BELOW, "client.commands", "client.assembly", "client.doctor", "client.__main__"), None
    ),
    Rule("client.cli", ("client.commands", "client.core")),
    Rule("client.doctor", (*BELOW, "client.assembly"), None),
    Rule("client.assembly", BELOW),
    Rule("client", ("client",)),
    Rule("server_stub.relay", ("server_stub", "client.desks", *WORDS_AND_DATA, "client.core.http"), None),
    Rule("server_stub", ("server_stub",), None, never=("client",)),
    Rule("assets.icons.render", ("assets",), ("PySide6",)),  # a tool of ours, run when an icon changes
    Rule("assets", ("assets",)),
)
EVERYBODY = ("assets", "client.__version__")


def imports(source: str, module: str, is_package: bool) -> Iterator[str]:
    """The full names that a module imports, relative ones resolved."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: len(module.split(".")) - node.level + is_package] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{start}.{each.name}" for each in node.names)


def breaches(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """What a module imports and may not."""
    rule = next(each for each in RULES if _within(module, (each.package,)))
    return [
        f"{module} imports {name}"
        for name in imports(source, module, is_package)
        if not _allowed(name, rule) and not _within(name, EVERYBODY)
    ]


def _allowed(name: str, rule: Rule) -> bool:
    top = name.partition(".")[0]
    if _within(name, rule.never):
        return False
    if top in OURS:
        return _within(name, rule.ours)
    return top in sys.stdlib_module_names or rule.libraries is None or _within(name, rule.libraries)


def _within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in packages)


SOURCES = sorted(path for top in ("client", "server_stub", "assets") for path in (ROOT / top).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    module = ".".join(parts[:-1] if is_package else parts)
    assert breaches(path.read_text(encoding="utf-8"), module, is_package=is_package) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("client.core.outbox", "import requests"),
        ("client.core.spool", "from PySide6.QtCore import QObject"),
        ("client.core.engine", "from client.ui import bridge"),
        ("client.desks.deskbell", "from client.core.engine import Engine"),
        ("client.desks.deskbell", "from client.desks import other"),
        ("client.capture.portal", "from PySide6 import QtDBus"),
        ("client.system.identity", "def f():\n    import requests"),
        ("client.ui.panel", "import threading"),
        ("client.ui.panel", "from client.system import identity"),
        ("client.cli", "from client.ui import panel"),
        ("client.__main__", "import PySide6"),
        ("server_stub.app", "from client.core import models"),
        ("server_stub.relay", "from client.core.outbox import Outbox"),
        ("client.core.lane", "from tests import rigs"),
        ("client.core.lane", "from ..ui import panel"),
    ],
)
def test_a_breach_is_noticed(module: str, source: str) -> None:
    assert breaches(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("client.core.lane", "from . import models"),
        ("client.ui.tray", "import assets"),
        ("client.capture.qscreen", "from PySide6.QtGui import QScreen"),
        ("server_stub.relay", "from client.desks.deskbell import DeskbellServer"),
        ("client.core.http", "def f():\n    import requests"),
        ("client.assembly", "from client import __version__"),
    ],
)
def test_what_the_table_allows_passes(module: str, source: str) -> None:
    assert breaches(source, module) == []
