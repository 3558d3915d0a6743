"""Agents' passwords."""

from __future__ import annotations

import secrets
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError


class Passwords:
    """Checks passwords against argon2 hashes, and takes as long where there is nothing to check against."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher

    def is_right(self, password: str, password_hash: str | None) -> bool:
        """Whether `password` is the one; never for a missing hash."""
        nobody = self._nobody  # asked for in both cases: the first log-in of all makes it
        try:
            is_match = self._hasher.verify(password_hash or nobody, password)
        except VerificationError:
            return False
        return is_match and password_hash is not None

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe(16))
