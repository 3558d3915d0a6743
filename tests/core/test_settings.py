"""Settings: what is wrong with a file is said, and nothing is lost by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from client.core.errors import ConfigError
from client.core.settings import TABLE, Settings, Source, load, store


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    return tmp_path / "etc" / "deskbell.json"


@pytest.fixture
def user(tmp_path: Path) -> Path:
    return tmp_path / "profile" / "deskbell.json"


def _write(path: Path, body: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body if isinstance(body, str) else json.dumps(body))


def _only_problem(settings: Settings) -> str:
    (problem,) = settings.problems
    assert problem.title
    assert problem.detail
    return f"{problem.title} {problem.detail}"


def test_without_files_everything_is_a_default_and_reports_wait(machine: Path, user: Path) -> None:
    settings = load(machine, user)
    assert set(settings.sources.values()) == {Source.DEFAULT}
    assert settings.problems == ()
    assert settings.not_set_up
    assert settings.not_set_up.code == "not_set_up"


def test_it_wins_over_the_user_and_is_locked(machine: Path, user: Path) -> None:
    _write(machine, {"server": "https://help.example.com/", "site_key": "dbk_it"})
    _write(user, {"server": "https://mine.example.com", "theme": "dark"})
    settings = load(machine, user)
    assert settings.text("server") == "https://help.example.com"
    assert settings.is_locked("server")
    assert settings.text("theme") == "dark"
    assert not settings.is_locked("theme")
    assert settings.not_set_up is None


def test_a_typo_in_a_name_is_said_with_the_right_name_and_the_rest_counts(machine: Path, user: Path) -> None:
    _write(machine, {"sever": "https://help.example.com", "site_key": "dbk_it"})
    settings = load(machine, user)
    words = _only_problem(settings)
    assert "“sever”" in words
    assert "“server”" in words
    assert str(machine) in words
    assert settings.text("site_key") == "dbk_it"
    assert settings.not_set_up
    assert settings.not_set_up.code == "unknown_setting"  # the report that waits says the same


@pytest.mark.parametrize("text", ["{", "", '{"server": "https://help.example.com",}', "[]", "\x00", "server = 1"])
def test_a_file_that_is_no_json_is_said_with_its_name(machine: Path, user: Path, text: str) -> None:
    _write(machine, text)
    assert str(machine) in _only_problem(load(machine, user))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("server", 7),
        ("server", "help.example.com"),
        ("server", "http://help.example.com"),
        ("theme", "pink"),
        ("proxy", "pro xy:::"),
        ("proxy", "proxy.example.com:8080"),
        ("facts_off", "dns"),
        ("site_key", "4711-agent-token"),
    ],
)
def test_a_value_that_makes_no_sense_is_said_and_not_used(machine: Path, user: Path, name: str, value: object) -> None:
    _write(machine, {name: value})
    settings = load(machine, user)
    assert str(machine) in _only_problem(settings)
    assert settings.sources[name] is Source.DEFAULT


@pytest.mark.parametrize("name", ["api_key", "admin_token", "password"])
def test_what_looks_like_an_administrators_key_is_refused(machine: Path, user: Path, name: str) -> None:
    _write(machine, {name: "s3cret-value"})
    words = _only_problem(load(machine, user))
    assert name in words
    assert "s3cret-value" not in words


def test_the_user_can_change_and_take_back_what_it_left_open(machine: Path, user: Path) -> None:
    _write(machine, {"server": "https://help.example.com"})
    store(user, "theme", "dark", load(machine, user))
    store(user, "facts_off", "dns, printers", load(machine, user))
    settings = load(machine, user)
    assert (settings.text("theme"), settings.names("facts_off")) == ("dark", ("dns", "printers"))
    store(user, "theme", "", settings)
    assert load(machine, user).sources["theme"] is Source.DEFAULT
    with pytest.raises(ConfigError, match="organisation"):
        store(user, "server", "https://mine.example.com", settings)


def test_a_scrambled_file_is_never_overwritten(machine: Path, user: Path) -> None:
    _write(user, '{"server": "https://help.example.com"')
    with pytest.raises(ConfigError):
        store(user, "theme", "dark", load(machine, user))
    assert user.read_text() == '{"server": "https://help.example.com"'


def test_every_setting_is_explained() -> None:
    assert all(row.help.endswith(".") for row in TABLE)


def test_the_administrators_guide_has_the_same_table() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "admin-client.md").read_text()
    for row in TABLE:
        default = ", ".join(row.default) if isinstance(row.default, tuple) else row.default
        assert f"| `{row.name}` | {default or '–'} | {row.help} |" in guide
