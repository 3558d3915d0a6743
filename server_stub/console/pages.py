"""Draws pages from templates, in the reader's language."""

from __future__ import annotations

import hashlib
from functools import cached_property
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from server_stub.categories import CATEGORIES
from server_stub.errors import Failure
from server_stub.words import Words


class Pages:
    """The templates. Whatever they are given is escaped; no template is made of a text that somebody sent."""

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=PackageLoader("server_stub.console", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        style = files("server_stub.console").joinpath("static", "deskbell.css").read_bytes()
        # The address changes with the content, so that a browser may keep it for good.
        environment.globals["style_version"] = hashlib.sha256(style).hexdigest()[:12]
        return environment

    def draw(self, name: str, words: Words, **values: Any) -> str:
        """The page `name` as HTML."""
        template = self._environment.get_template(name)
        return template.render(
            _=words.gettext,
            gettext=words.gettext,
            ngettext=words.ngettext,
            words=words,
            category=lambda key: category(words, key),
            **values,
        )

    def error(self, failure: Failure, words: Words) -> str:
        """The page of an error."""
        return self.draw("error.html", words, error=failure.body(words)["error"], agent=None)


def category(words: Words, key: str | None) -> str:
    """The label of a category; one that this server does not know is shown as it was sent."""
    return words.gettext(CATEGORIES.get(key or "", key or ""))
