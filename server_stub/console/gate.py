"""Who is logged in, and whether a form came from a page of ours."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from server_stub.api.bodies import whole
from server_stub.console.multipart import Form, boundary, parse
from server_stub.errors import BadRequest, ForeignForm, UnsupportedMediaType
from server_stub.parts import Parts
from server_stub.settings import MIB
from server_stub.store.agents import Agent

COOKIE = "deskbell_session"
_PATH = "/console"
_FORM_BYTES = 16 * 1024
_TEXT_BYTES = 256 * 1024
_WHOLE_BYTES = 32 * MIB


class Gate:
    """The door of the console."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def agent(self, request: Request) -> Agent | None:
        """Who is asking, or None where nobody is logged in."""
        token = request.cookies.get(COOKIE)
        if not token:
            return None
        return await self._parts.aside(lambda: self._parts.sessions.agent(token))

    async def whole_form(self, request: Request) -> Form:
        """A form that may carry attachments. Raises ForeignForm, BadRequest, UnsupportedMediaType, TooLarge."""
        divider = boundary(request.headers.get("content-type", ""))
        if divider is None:
            return Form(await self.form(request, _TEXT_BYTES))
        refuse_foreign(request)
        return parse(await whole(request, _WHOLE_BYTES, self._parts.settings.stall_s), divider)

    async def form(self, request: Request, limit_bytes: int = _FORM_BYTES) -> dict[str, str]:
        """The fields of a form. Raises ForeignForm, BadRequest, UnsupportedMediaType, TooLarge."""
        refuse_foreign(request)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/x-www-form-urlencoded":
            raise UnsupportedMediaType
        raw = await whole(request, limit_bytes, self._parts.settings.stall_s)
        try:
            fields = parse_qs(raw.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
        except ValueError:
            raise BadRequest from None
        return {name: values[-1] for name, values in fields.items()}

    def let_in(self, request: Request, response: Response, token: str) -> None:
        """Hand the session's token to the browser, for the console's pages alone."""
        response.set_cookie(
            COOKIE,
            token,
            max_age=self._parts.settings.session_s,
            path=_PATH,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )

    def let_out(self, request: Request, response: Response) -> None:
        """Make the browser forget the token."""
        response.delete_cookie(
            COOKIE, path=_PATH, secure=request.url.scheme == "https", httponly=True, samesite="strict"
        )


def refuse_foreign(request: Request) -> None:
    """Raise ForeignForm unless the browser says that the form came from this very server.

    Browsers set both headers themselves and let no page change them. Sec-Fetch-Site is missing over plain HTTP from
    another machine, and from old browsers; then Origin decides.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise ForeignForm
        return
    origin = urlsplit(request.headers.get("origin", ""))
    if origin.scheme != request.url.scheme or origin.netloc != request.headers.get("host", ""):
        raise ForeignForm
