"""The one place that says where a report may go."""

from __future__ import annotations

from urllib.parse import urlsplit

from client.core.errors import ConfigError, Problem
from client.core.words import _


def check_origin(address: str) -> str:
    """`address` as scheme://host[:port][/path], or ConfigError in words.

    http is allowed to this very machine only: the credential and the report would be readable on the way.
    """
    parts = urlsplit(address.strip())
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.query or parts.fragment:
        raise ConfigError(
            Problem(
                "bad_address",
                _("The server address is not usable"),
                _("“{address}” should look like https://help.example.com.").format(address=address),
            )
        )
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
