"""A disk whose n-th call fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from client.core import claim as claims
from client.core import durable

CALLS = ("open", "write", "fsync", "rename", "mkdir", "unlink")


class Fuse:
    """The module `os`, but for its n-th call that changes the disk, which fails."""

    def __init__(self, nth: int, code: int) -> None:
        self.left = nth
        self.code = code
        self.has_blown = False

    def put_into(self, patch: pytest.MonkeyPatch) -> None:
        """Have the core's writing go through it."""
        for module in (durable, claims):
            patch.setattr(module, "os", self)
        for name in ("rename", "mkdir", "unlink"):
            patch.setattr(Path, name, self.wrap(getattr(Path, name)))

    def __getattr__(self, name: str) -> object:
        found = getattr(os, name)
        return self.wrap(found) if name in CALLS else found

    def wrap(self, call: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: object, **kwargs: object) -> object:
            self.left -= 1
            if self.left == -1:
                self.has_blown = True
                raise OSError(self.code, os.strerror(self.code))
            return call(*args, **kwargs)

        return counted
