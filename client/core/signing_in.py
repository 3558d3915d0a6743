"""Asking the desk, whether it knows this device already or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from client.core.errors import SignInNeeded

T = TypeVar("T")


def signed_in(call: Callable[[], T], sign_in: Callable[[], None]) -> T:
    """What `call` gives; where the desk does not know this device it is made known silently first, once.

    Raises DeskError.
    """
    try:
        return call()
    except SignInNeeded as error:
        if error.problem.code != "sign_in":
            raise
    sign_in()
    return call()
