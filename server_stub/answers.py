"""Turns every way to fail into the one shape of an error."""

from __future__ import annotations

import logging
from typing import Protocol

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Match

from server_stub.errors import (
    BadRequest,
    Failure,
    Invalid,
    MethodNotAllowed,
    NoSuchPage,
    ServerFault,
    StorageFull,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from server_stub.manifest import place
from server_stub.outermost import where
from server_stub.store.database import is_full, is_lost
from server_stub.words import Library, Words

log = logging.getLogger(__name__)

_BY_STATUS: dict[int, type[Failure]] = {
    404: NoSuchPage,
    405: MethodNotAllowed,
    413: TooLarge,
    415: UnsupportedMediaType,
    503: Unavailable,
}


class ErrorPage(Protocol):
    """Draws an error for people."""

    def error(self, failure: Failure, words: Words) -> str:
        """The page as HTML."""


class Answers:
    """Answers for failures: JSON for programs, a page for people under ``/console/`` and the like."""

    def __init__(self, library: Library, page: ErrorPage) -> None:
        self._library = library
        self._page = page

    def install(self, app: FastAPI) -> None:
        """Make these the answers of `app`."""
        for kind in (Failure, HTTPException, RequestValidationError, DBAPIError, PoolTimeoutError):
            app.add_exception_handler(kind, self.answer)

    async def answer(self, request: Request, error: Exception) -> Response:
        """The answer for a failure. A fault that is not understood is raised again, for `Outermost` to log."""
        failure = known(error)
        if failure is None:
            raise error
        if isinstance(failure, MethodNotAllowed):
            failure.headers["Allow"] = ", ".join(allowed(request))
        if failure.status >= 500:
            log.error("%s: %s\n%s", request.method, failure.code, where(error))
        return self.draw(request, failure)

    def draw(self, request: Request, failure: Failure) -> Response:
        """The words of a failure, for a program or for a person."""
        words = self._library.words(request.headers.get("accept-language"))
        headers = {**failure.headers, "Content-Language": words.language, "Cache-Control": "no-store"}
        if is_for_people(request):
            return HTMLResponse(self._page.error(failure, words), failure.status, headers)
        return JSONResponse(failure.body(words), failure.status, headers)


def allowed(request: Request) -> list[str]:
    """The methods that the address of a request answers to. The router names those of its first route alone."""
    matching = (
        route.methods
        for route in iter_route_contexts(request.app.routes)
        if route.methods and route.matches(request.scope)[0] is not Match.NONE
    )
    return sorted({method for methods in matching for method in methods}) or ["GET", "HEAD"]  # a folder of files


def is_for_people(request: Request) -> bool:
    """Whether a browser shows the answer: the console, what it links to, and the page about the API."""
    path = request.url.path
    return path == "/" or path.startswith(("/console", "/attachments/", "/api/docs"))


def known(error: Exception) -> Failure | None:
    """The failure that an exception means, or None where that is not understood."""
    match error:
        case Failure():
            return error
        case RequestValidationError():
            loc = error.errors()[0]["loc"]
            return Invalid(place=place(tuple(loc[1:])))
        case HTTPException():
            return _of_http(error)
        case PoolTimeoutError():
            return Unavailable()
        case DBAPIError() if is_full(error):
            return StorageFull()
        case DBAPIError() if is_lost(error):
            return Unavailable()
        case _:
            return None


def _of_http(error: HTTPException) -> Failure:
    if error.status_code >= 500 and error.status_code not in _BY_STATUS:
        return ServerFault()
    failure = _BY_STATUS.get(error.status_code, BadRequest)()
    failure.headers.update(error.headers or {})
    return failure
