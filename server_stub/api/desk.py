"""``/api/v1/desk``: what a client shows of the people behind it."""

from __future__ import annotations

import hashlib
import json

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from server_stub.api import schema
from server_stub.api.door import Door, credential
from server_stub.categories import CATEGORIES
from server_stub.parts import Parts


class DeskRoutes:
    """The desk as devices see it."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

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
        shown = credential(request)
        parts = self._parts
        device, on_duty, incidents = await parts.aside(
            lambda: (self._door.admit(shown), parts.agents.on_duty(), parts.incidents.current())
        )
        words = parts.words(request)
        body = {
            "site": {"name": device.site_name},
            "phone": device.phone,
            "on_duty": [{"name": name} for name in on_duty],
            "first_answer_s": None,
            "categories": [{"id": key, "label": words.gettext(label)} for key, label in CATEGORIES.items()],
            "incidents": [
                {"id": each.id, "title": each.title, "text": each.text, "since": schema.rfc3339(each.since)}
                for each in incidents
            ],
        }
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        etag = f'"{hashlib.sha256(raw).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Language, Authorization"}
        if is_known(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=headers)
        return Response(raw, media_type="application/json", headers=headers)


def is_known(if_none_match: str, etag: str) -> bool:
    """Whether ``If-None-Match`` names this ETag (RFC 9110, 13.1.2: weak comparison)."""
    named = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in named or named == ["*"]
