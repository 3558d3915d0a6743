"""``/attachments/{token}``: bytes that came from elsewhere, served where no session's cookie goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from server_stub.errors import NoSuchPage
from server_stub.file_names import file_name
from server_stub.links import SPAN_S, Form, Wanted
from server_stub.manifest import Manifest, parse
from server_stub.parts import Parts
from server_stub.pictures import Copy, NotAPicture

_HEADERS = {
    # Even if a browser were talked into opening it as a page: no script, no request, an origin of its own.
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": f"private, max-age={SPAN_S}, immutable",
}


@dataclass(frozen=True, slots=True)
class _Announced:
    """An attachment as it was announced."""

    sha256: str
    bytes: int
    name: str


class AttachmentRoutes:
    """The one route that serves what reports brought."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        """The table of routes."""
        return [Route("/attachments/{token}", self.attachment, methods=["GET"])]

    async def attachment(self, request: Request) -> Response:
        """A copy of a picture for showing, or the original for saving."""
        wanted = self._parts.links.wanted(request.path_params["token"])
        if wanted is None:
            raise NoSuchPage
        part = await self._parts.aside(lambda: self._announced(wanted))
        original = self._parts.blobs.path(part.sha256)
        if wanted.form is Form.ORIGINAL:
            # Never the media type that somebody claimed: this is for saving, not for opening.
            return FileResponse(original, headers=_HEADERS, media_type="application/octet-stream",
                                filename=file_name(part.name, part.sha256))  # fmt: skip
        path = await self._copy(Copy.PREVIEW if wanted.form is Form.PREVIEW else Copy.FULL, part.sha256, original)
        media_type = "image/webp" if path.suffix == ".webp" else "image/png"
        return FileResponse(path, headers={**_HEADERS, "Content-Disposition": "inline"}, media_type=media_type)

    async def _copy(self, copy: Copy, sha256: str, original: Path) -> Path:
        pictures = self._parts.pictures
        kept = await self._parts.aside(lambda: pictures.kept(sha256, copy))
        if kept is not None:
            return kept
        try:
            return await self._parts.painting(lambda: pictures.make(sha256, copy, original))
        except NotAPicture as error:
            raise NoSuchPage from error

    def _announced(self, wanted: Wanted) -> _Announced:
        ticket = self._parts.queue.ticket(wanted.ticket_id)
        if ticket is None:
            raise NoSuchPage
        if wanted.comment_id:
            shown = self._parts.queue.attachment(wanted.ticket_id, wanted.comment_id, wanted.position)
            if shown is None:
                raise NoSuchPage
            part, received_at = _Announced(shown.sha256, shown.bytes, shown.name), shown.received_at
        else:
            told = parse(Manifest, ticket.manifest).attachments[wanted.position]
            part = _Announced(told.sha256, told.bytes, told.name)
            received_at = ticket.attachments[wanted.position].received_at
        if received_at is None or not self._parts.blobs.has(part.sha256, part.bytes):
            raise NoSuchPage
        return part
