"""Words for people: which language a reader wants, and the texts in it."""

from __future__ import annotations

import gettext
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.core import negotiate_locale
from babel.dates import format_datetime, format_time, format_timedelta
from babel.numbers import format_decimal, format_percent

SOURCE_LANGUAGE = "en"
LONGEST_HEADER = 200


def N_(text: str) -> str:
    """Mark `text` for translation where it stands, to be looked up later."""
    return text


class Words:
    """Texts, times and numbers in one language."""

    def __init__(self, locale: Locale, catalogue: gettext.NullTranslations) -> None:
        self._locale = locale
        self._catalogue = catalogue

    @property
    def language(self) -> str:
        """The language's tag, such as ``de`` or ``pt-BR``."""
        return str(self._locale).replace("_", "-")

    def gettext(self, text: str) -> str:
        """`text` in this language, or as it is. The empty text stays empty (in a catalogue it is the header)."""
        return self._catalogue.gettext(text) if text else ""

    def ngettext(self, one: str, many: str, n: int) -> str:
        """The form of a text for `n`."""
        return self._catalogue.ngettext(one, many, n)

    def age(self, since_at: datetime, now: datetime) -> str:
        """How long ago something was: ``4 minutes ago``."""
        past = max(now - since_at, timedelta())
        return format_timedelta(-past, add_direction=True, locale=self._locale)

    def moment(self, at: datetime) -> str:
        """A date with its time of day, in the time zone of the server, and saying which that is."""
        local = at.astimezone()
        shown = format_datetime(local.replace(tzinfo=None), "medium", locale=self._locale)
        return self.gettext("{time} ({zone})").format(time=shown, zone=local.tzname())

    def clock_time(self, at: datetime) -> str:
        """A time of day, in the time zone of the server."""
        return format_time(at.astimezone().replace(tzinfo=None), "medium", locale=self._locale)

    def percent(self, ratio: float) -> str:
        """A ratio as people say it: ``200 %``."""
        return format_percent(ratio, locale=self._locale)

    def number(self, value: float) -> str:
        """A number with this language's separators."""
        return format_decimal(value, locale=self._locale)

    def size(self, size_bytes: int) -> str:
        """A size in MB, as people say it; small ones in kB."""
        if size_bytes < 100_000:
            return self.gettext("{size} kB").format(size=self.number(max(round(size_bytes / 1000), 1)))
        return self.gettext("{size} MB").format(size=self.number(round(size_bytes / 1_000_000, 1)))


@dataclass(frozen=True)
class Library:
    """Every language that the catalogues under `folder` know, and English."""

    folder: Path

    def words(self, accept_language: str | None) -> Words:
        """The texts in the language that fits an ``Accept-Language`` header best."""
        wanted = preferences(accept_language or "")
        tag = negotiate_locale(wanted, list(self._words), sep="-") if wanted else None
        return self._words[tag or SOURCE_LANGUAGE]

    @property
    def languages(self) -> Sequence[str]:
        """The tags of all languages that there are."""
        return list(self._words)

    @cached_property
    def _words(self) -> dict[str, Words]:
        found = {SOURCE_LANGUAGE: Words(Locale(SOURCE_LANGUAGE), gettext.NullTranslations())}
        for path in sorted(self.folder.glob("*/LC_MESSAGES/deskbell.mo")):
            try:
                locale = Locale.parse(path.parent.parent.name)
            except (UnknownLocaleError, ValueError):
                continue
            with path.open("rb") as file:
                words = Words(locale, gettext.GNUTranslations(file))
            found[words.language] = words
        return found


def preferences(accept_language: str) -> list[str]:
    """The tags of an ``Accept-Language`` header, best first (RFC 9110, 12.5.4); nonsense is left out."""
    weighted: list[tuple[float, str]] = []
    for part in accept_language[:LONGEST_HEADER].split(","):
        tag, _, parameter = part.strip().partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            weight = float(value) if name == "q" else 1.0
        except ValueError:
            continue
        if tag.strip() not in ("", "*") and weight > 0:
            weighted.append((weight, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda pair: -pair[0])]
