"""``/api/v1/desk``: what a client shows of the people behind it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from server_stub.api import schema
from server_stub.api.door import Door, credential
from server_stub.api.noticeboard import Noticeboard
from server_stub.parts import Parts
from server_stub.words import LONGEST_HEADER


class DeskRoutes:
    """The desk as devices see it."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._board = Noticeboard(parts, door)

    def router(self) -> APIRouter:
        """The table of routes."""
        router = APIRouter(prefix="/api/v1", tags=["The desk"], redirect_slashes=False)
        router.add_api_route(
            "/desk",
            self.desk,
            methods=["GET"],
            summary="Who is there, and how to reach them",
            responses={
                **schema.answers({200: schema.DeskBody}, 401, 403),
                304: {"description": "Not changed since the ETag in If-None-Match"},
            },
        )
        return router

    async def desk(self, request: Request) -> Response:
        """Name, phone, who is on duty, the categories and what goes on, in the language of ``Accept-Language``."""
        shown, language = credential(request), request.headers.get("accept-language", "")[:LONGEST_HEADER]
        notice = self._board.known(shown, language)
        if notice is None:
            notice = await self._parts.aside(lambda: self._board.read(shown, language))
        headers = {"ETag": notice.etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Language, Authorization"}
        if is_known(request.headers.get("if-none-match", ""), notice.etag):
            return Response(status_code=304, headers=headers)
        return Response(notice.raw, media_type="application/json", headers=headers)


def is_known(if_none_match: str, etag: str) -> bool:
    """Whether ``If-None-Match`` names this ETag (RFC 9110, 13.1.2: weak comparison)."""
    named = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in named or named == ["*"]
