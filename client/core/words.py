"""Words for people, by gettext. One catalogue serves the core, the windows, the command line and the server's pages.

Source strings are English; `use` picks the language once, at the start of the program.
"""

from __future__ import annotations

import gettext
import os
import sys

import assets

_translation: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def use(language: str | None = None) -> None:
    """Speak `language` ("de", "de_AT"), or the user's own where None; English where there is no catalogue."""
    global _translation, _language  # noqa: PLW0603 - the one language of a process, set once by the entry point
    wanted = [language] if language else preferred()
    _translation = gettext.NullTranslations()
    _language = "en"
    for tag in wanted:
        if tag.split("_")[0] in ("en", "C", "POSIX"):
            return
        try:
            _translation = gettext.translation("deskbell", assets.locale_dir(), [tag])
        except OSError:
            continue
        _language = tag
        return


def preferred() -> list[str]:
    """The user's languages, best first, as POSIX tags such as "de_DE"."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable)
        if value:
            return [part.split(".")[0].split("@")[0] for part in value.split(":") if part]
    if sys.platform == "win32":
        import ctypes
        import locale

        tag = locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage())
        return [tag] if tag else []
    return []


def language() -> str:
    """The tag of the language in use, such as "de"."""
    return _language


def _(text: str) -> str:
    """`text` in the language in use."""
    return _translation.gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """The form of a text that fits `count`."""
    return _translation.ngettext(one, many, count)


def N_(text: str) -> str:
    return text
