"""Answers that come later: a request that waits gives back all that it needed until it is looked at again.

The application leaves a `Later` in the scope and answers `Unanswered`; the outermost layer sleeps as long as that says,
and passes the request through the application anew. Thousands of requests may sleep: what lies between the outermost
layer and a route is several times as much as a connection.
"""

from __future__ import annotations

from typing import Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

LATER = "deskbell.later"  # in the scope of a request: a list of at most one `Later`


class Later(Protocol):
    """What a request waits for."""

    async def sleep(self) -> None:
        """Until it is worth to look again."""

    def close(self) -> None:
        """The request is answered, or will not be."""


class Unanswered(Response):
    """Stands for the answer of a request that sleeps."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send nothing."""
