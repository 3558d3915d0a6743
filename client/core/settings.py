"""One table of settings: name, type, default, meaning. Everything else about settings is made from it.

A value comes from the first place that has it: IT's file for the machine, the user's own file, the default. Where IT's
file has it, it is locked. Both files are JSON objects of the same names.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from client.core.durable import make_private_dir, replace
from client.core.errors import ConfigError, Problem
from client.core.words import N_, _

Value = str | tuple[str, ...]


class Source(StrEnum):
    MACHINE = "machine"
    USER = "user"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. `help` is an English source string."""

    name: str
    default: Value
    help: str
    choices: tuple[str, ...] = ()


TABLE = (
    Setting("server", "", N_("The address of your IT’s server, such as https://help.example.com.")),
    Setting("site_key", "", N_("The public key of your company on that server, beginning with dbk_.")),
    Setting("proxy", "system", N_("“system”, “none”, or the address of a proxy.")),
    Setting("language", "", N_("The language to speak, such as “de”; empty: the language of this PC.")),
    Setting("theme", "system", N_("Light or dark windows."), ("system", "light", "dark")),
    Setting("facts_off", (), N_("Facts about this PC that are never collected, by their keys.")),
)
_ROWS = {row.name: row for row in TABLE}
_SECRETS = ("api_key", "apikey", "token", "password", "secret", "admin")


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force, where each comes from, and what was wrong with the files."""

    values: dict[str, Value]
    sources: dict[str, Source]
    problems: tuple[Problem, ...] = field(default=())

    def text(self, name: str) -> str:
        value = self.values[name]
        assert isinstance(value, str)
        return value

    def names(self, name: str) -> tuple[str, ...]:
        value = self.values[name]
        assert isinstance(value, tuple)
        return value

    def is_locked(self, name: str) -> bool:
        return self.sources[name] is Source.MACHINE

    @property
    def not_set_up(self) -> Problem | None:
        """Why there is no desk to send to, None where there is one."""
        if self.text("server") and self.text("site_key"):
            return None
        if self.problems:
            return self.problems[0]
        return Problem(
            "not_set_up",
            _("Deskbell is not set up on this PC yet"),
            _(
                "Your report is safe on this PC and is sent by itself once IT has set the server address. "
                "Please tell IT."
            ),
        )


def load(machine: Path, user: Path) -> Settings:
    """The settings of both files. What is wrong with them is in `problems`; the rest of them counts."""
    values: dict[str, Value] = {row.name: row.default for row in TABLE}
    sources = {row.name: Source.DEFAULT for row in TABLE}
    problems: list[Problem] = []
    for path, source in ((user, Source.USER), (machine, Source.MACHINE)):
        for name, value in _read(path, problems).items():
            row = _row(name, path, problems)
            if row is None:
                continue
            try:
                values[name] = _checked(row, value)
                sources[name] = source
            except ConfigError as error:
                problems.append(_in_file(error.problem, path))
    return Settings(values, sources, tuple(problems))


def store(user: Path, name: str, text: str, current: Settings) -> None:
    """Write one setting of the user's; an empty text takes it back. Raises ConfigError in words."""
    problems: list[Problem] = []
    row = _row(name, user, problems)
    if row is None:
        raise ConfigError(problems[0])
    if current.is_locked(name):
        raise ConfigError(
            Problem(
                "locked",
                _("“{name}” is managed by your organisation").format(name=name),
                _("Please ask IT to change it."),
            )
        )
    body = _read(user, problems)
    if problems:
        raise ConfigError(problems[0])
    if text:
        value: object = [part.strip() for part in text.split(",")] if isinstance(row.default, tuple) else text
        _checked(row, value)
        body[name] = value
    else:
        body.pop(name, None)
    make_private_dir(user.parent)
    replace(user, (json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode(), durable=True)


def _read(path: Path, problems: list[Problem]) -> dict[str, object]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        problems.append(_unreadable(path, error.strerror or str(error)))
        return {}
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        problems.append(_unreadable(path, str(error)))
        return {}
    if not isinstance(body, dict):
        problems.append(_unreadable(path, _("not an object in braces")))
        return {}
    return body


def _row(name: str, path: Path, problems: list[Problem]) -> Setting | None:
    if name in _ROWS:
        return _ROWS[name]
    if any(word in name.lower() for word in _SECRETS):
        problems.append(
            Problem(
                "secret_in_config",
                _("{file} holds “{name}”, which looks like a key that must not be on this PC").format(
                    file=path, name=name
                ),
                _("Take it out and have IT replace it. Deskbell ignores it: only the public site key belongs here."),
            )
        )
        return None
    import difflib

    near = difflib.get_close_matches(name, _ROWS, n=1)
    hint = (
        _("Did you mean “{near}”?").format(near=near[0])
        if near
        else _("Known settings are: {names}.").format(names=", ".join(_ROWS))
    )
    problems.append(
        Problem("unknown_setting", _("Unknown setting “{name}” in {file}").format(name=name, file=path), hint)
    )
    return None


def _checked(row: Setting, value: object) -> Value:
    """`value` in the type of its row, or ConfigError."""
    if isinstance(row.default, tuple):
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return tuple(value)
        raise _bad_value(row, _("It should be a list of texts."))
    if not isinstance(value, str):
        raise _bad_value(row, _("It should be a text in quotes."))
    if row.choices and value not in row.choices:
        raise _bad_value(row, _("It should be one of: {choices}.").format(choices=", ".join(row.choices)))
    if row.name == "server" and value:
        from client.core.origin import check_origin

        return check_origin(value)
    if row.name == "proxy" and value not in ("system", "none"):
        from client.core.origin import looks_right

        if not looks_right(value):
            raise _bad_value(row, _("It should be “system”, “none”, or look like http://proxy.example.com:8080."))
    if row.name == "site_key" and value and not value.startswith("dbk_"):
        raise _bad_value(
            row, _("A site key begins with dbk_. An administrator’s key or a password must never be here.")
        )
    return value.strip()


def _bad_value(row: Setting, detail: str) -> ConfigError:
    return ConfigError(Problem("bad_setting", _("The setting “{name}” is not usable").format(name=row.name), detail))


def _in_file(problem: Problem, path: Path) -> Problem:
    return Problem(problem.code, problem.title, _("{detail} (In {file}.)").format(detail=problem.detail, file=path))


def _unreadable(path: Path, reason: str) -> Problem:
    return Problem(
        "bad_config",
        _("{file} cannot be read").format(file=path),
        _("Its settings are not used until it can be read. ({reason})").format(reason=reason),
    )


def proxies(setting: str, server: str) -> Callable[[], dict[str, str]]:
    """The proxies to use for the server's address, as requests wants them. To be asked anew: networks change."""
    if setting == "none":
        return dict
    if setting != "system":
        return lambda: {"http": setting, "https": setting}

    def system() -> dict[str, str]:
        from urllib.parse import urlsplit
        from urllib.request import getproxies, proxy_bypass

        if proxy_bypass(urlsplit(server).netloc):
            return {}
        return {scheme: address for scheme, address in getproxies().items() if scheme in ("http", "https")}

    return system


def is_writable_by_others(path: Path) -> bool:
    """Whether somebody but the owner may change a file, so that it cannot speak for IT."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return os.name == "posix" and bool(mode & (stat.S_IWGRP | stat.S_IWOTH))
