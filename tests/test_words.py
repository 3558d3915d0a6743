"""The catalogues: every text of the sources is in them, translated, with its placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
LOCALES = sorted((ROOT / "assets/locale").glob("*/LC_MESSAGES/deskbell.po"))
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "_n": (1, 2)}


@pytest.fixture(scope="module")
def texts() -> set[str | tuple[str, ...]]:
    """Every text for people in the sources, as gettext knows it."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(ROOT, methods, options, keywords=KEYWORDS)
    return {message if isinstance(message, str) else tuple(message) for _, _, message, _, _ in found}


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def messages(path: Path) -> Iterator[Message]:
    return (message for message in catalogue(path) if message.id)


def test_german_is_there() -> None:
    assert [path.parts[-3] for path in LOCALES] == ["de"]


@pytest.mark.parametrize("path", LOCALES, ids=lambda path: path.parts[-3])
def test_every_text_of_the_sources_is_translated(path: Path, texts: set[str | tuple[str, ...]]) -> None:
    translated = {
        message.id
        for message in messages(path)
        if not message.fuzzy and all([message.string] if isinstance(message.string, str) else message.string)
    }
    assert texts - translated == set()


@pytest.mark.parametrize("path", LOCALES, ids=lambda path: path.parts[-3])
def test_no_text_is_kept_that_the_sources_no_longer_have(path: Path, texts: set[str | tuple[str, ...]]) -> None:
    assert {message.id for message in messages(path)} - texts == set()


@pytest.mark.parametrize("path", LOCALES, ids=lambda path: path.parts[-3])
def test_translations_keep_the_placeholders(path: Path) -> None:
    def placeholders(text: str) -> set[str]:
        return set(re.findall(r"{(\w*)[^}]*}|%\((\w+)\)", text))

    for message in messages(path):
        source = message.id if isinstance(message.id, str) else message.id[-1]
        target = message.string if isinstance(message.string, str) else message.string[-1]
        assert placeholders(source) == placeholders(target), source
