"""Agents' passwords."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError


class Passwords:
    """Checks passwords against argon2 hashes, and takes as long where there is nothing to check against."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._nobody = ""

    def start(self) -> None:
        """Make the hash that is checked for logins that do not exist."""
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    def is_right(self, password: str, password_hash: str | None) -> bool:
        """Whether `password` is the one; never for a missing hash."""
        try:
            is_match = self._hasher.verify(password_hash or self._nobody, password)
        except VerificationError:
            return False
        return is_match and password_hash is not None
