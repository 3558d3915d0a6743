"""The one place that says where a report may go."""

from __future__ import annotations

from urllib.parse import urlsplit

from client.core.errors import ConfigError, Problem
from client.core.words import _


def check_origin(address: str) -> str:
    """`address` as scheme://host[:port][/path], or ConfigError in words.

    http is allowed to this very machine only: the credential and the report would be readable on the way.
    """
    if not looks_right(address.strip()):
        raise ConfigError(
            Problem(
                "bad_address",
                _("The server address is not usable"),
                _("“{address}” should look like https://help.example.com.").format(address=address),
            )
        )
    parts = urlsplit(address.strip())
    parts = urlsplit(address.strip())
    if parts.username or parts.password:
        raise ConfigError(
            Problem(
                "bad_address", _("The server address is not usable"), _("It must not contain a user name or password.")
            )
        )
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ConfigError(
            Problem(
                "not_encrypted",
                _("The server address is not encrypted"),
                _("“{address}” must begin with https://, so that nobody can read your reports on the way.").format(
                    address=address
                ),
            )
        )
    return address.strip().rstrip("/")


def looks_right(address: str) -> bool:
    """Whether `address` can be an http or https address at all."""
    try:
        parts = urlsplit(address)
        is_whole = bool(parts.hostname) and parts.port != 0 and not parts.query and not parts.fragment
    except ValueError:
        return False
    is_plain = address.isascii() and address.isprintable() and " " not in address
    return is_whole and is_plain and parts.scheme in ("http", "https")
