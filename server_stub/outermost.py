"""What happens around every request: headers, the count, and faults that nobody expected."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server_stub.errors import Failure, ServerFault
from server_stub.later import LATER, Later
from server_stub.tally import Tally

log = logging.getLogger(__name__)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with it browsers send "Origin: null" from our own forms.
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

_RAW = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
Apology = Callable[[Request, Failure], Response]


class Outermost:
    """ASGI middleware. A fault is logged as where it happened, without its words: they could quote a report."""

    def __init__(self, app: ASGIApp, tally: Tally, apology: Apology) -> None:
        self._app = app
        self._tally = tally
        self._apology = apology

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False

        async def sending(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                self._tally.add(message["status"])
                has = {name for name, _ in message["headers"]}
                message["headers"] += [header for header in _RAW if header[0] not in has]
            await send(message)

        later: list[Later] = []
        scope[LATER] = later
        try:
            await self._app(dict(scope), receive, sending)
            while later and not has_started:
                await later[0].sleep()
                await self._app(dict(scope), receive, sending)
        except ClientDisconnect:
            return
        except Exception as error:
            log.error("fault in %s\n%s", scope["method"], where(error))
            if not has_started:
                response = self._apology(Request(scope), ServerFault())
                await response(scope, receive, sending)
        finally:
            for each in later:
                each.close()


def where(error: BaseException) -> str:
    """The places that an exception passed through and its type, without its message."""
    return "".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__
