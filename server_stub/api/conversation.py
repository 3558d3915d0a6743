"""``/api/v1/tickets/{report_id}/…``: what a requester says and does after filing, and the attachments to read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path as File
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse

from server_stub.api import bodies, schema
from server_stub.api.door import Door, credential
from server_stub.api.tickets import Digest, ReportId
from server_stub.errors import Invalid, NotFound, TooLarge
from server_stub.file_names import file_name
from server_stub.manifest import UUID4, parse
from server_stub.parts import Parts
from server_stub.said import Comment, Operation
from server_stub.settings import MANIFEST_BYTES
from server_stub.store.conversation import SaidReceipt

SaidId = Annotated[str, Path(pattern=UUID4, description="The uuid4 that the client gave it.")]
Said = TypeVar("Said", Comment, Operation)
Keep = Callable[[str, Said, bytes], tuple[SaidReceipt, bool]]
# By their first bytes and never by what somebody claimed; everything else is for saving alone.
_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
_ANYTHING = "application/octet-stream"
_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, max-age=31536000, immutable",  # the address names the content
    "Vary": "Authorization",
}


class ConversationRoutes:
    """The routes of comments and operations. All of them stand behind the door."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    def router(self) -> APIRouter:
        """The table of routes."""
        router = APIRouter(prefix="/api/v1/tickets", tags=["What becomes of it"], redirect_slashes=False)
        receipts = {201: schema.SaidReceiptBody, 200: schema.SaidReceiptBody}
        refusals = (400, 401, 403, 404, 413, 415, 422, 429, 503, 507)
        router.add_api_route(
            "/{report_id}/comments/{said_id}",
            self.comment,
            methods=["PUT"],
            summary="Say something",
            responses=schema.answers(receipts, *refusals),
            openapi_extra=schema.json_body(Comment),
            status_code=201,
        )
        router.add_api_route(
            "/{report_id}/operations/{said_id}",
            self.operate,
            methods=["PUT"],
            summary="It works now, still broken, it went away, or a rating",
            responses=schema.answers(receipts, *refusals),
            openapi_extra=schema.json_body(Operation),
            status_code=201,
        )
        router.add_api_route(
            "/{report_id}/attachments/{sha256}",
            self.attachment,
            methods=["GET"],
            summary="Read an attachment of one’s own ticket",
            response_class=FileResponse,
            responses={200: schema.bytes_of(*_PICTURES.values(), _ANYTHING), **schema.answers({}, 401, 403, 404, 422)},
        )
        return router

    async def comment(self, request: Request, report_id: ReportId, said_id: SaidId) -> JSONResponse:
        """Keep a comment. A plain thank-you reopens nothing; whatever else is said sets the ticket going again."""
        return await self._keep(request, (report_id, said_id), Comment, self._parts.conversation.comment)

    async def operate(self, request: Request, report_id: ReportId, said_id: SaidId) -> JSONResponse:
        """Do it, once. What no longer fits the ticket is noted and answered with the ticket as it is.

        Reopening a ticket that was closed too long ago makes another one, which the receipt names.
        """
        return await self._keep(request, (report_id, said_id), Operation, self._parts.conversation.operate)

    async def attachment(self, request: Request, report_id: ReportId, sha256: Digest) -> FileResponse:
        """The bytes, of the report or of a comment, for whoever filed it."""
        shown, parts = credential(request), self._parts

        def work() -> FileResponse:
            part = parts.own.attachment(self._door.admit(shown).id, report_id, sha256)
            path = parts.blobs.path(sha256)
            if not parts.blobs.has(sha256, part.bytes):
                raise NotFound
            name = file_name(part.name, sha256)
            return FileResponse(path, headers=_HEADERS, media_type=_media_type(path), filename=name)

        return await parts.aside(work)

    async def _keep(
        self, request: Request, named: tuple[str, str], model: type[Said], keep: Keep[Said]
    ) -> JSONResponse:
        shown, parts = credential(request), self._parts
        raw = await bodies.whole_json(request, MANIFEST_BYTES, parts.settings.stall_s)

        def work() -> tuple[SaidReceipt, bool]:
            device = self._door.admit(shown)
            said = parse(model, raw)
            for place, value in zip(("report_id", "id"), named, strict=True):
                if getattr(said, place) != value:
                    raise Invalid(place=place)
            if isinstance(said, Comment):
                self._refuse_large(said)
            return keep(device.id, said, raw)

        receipt, is_new = await parts.aside(work)
        return JSONResponse(_body(receipt), 201 if is_new else 200)

    def _refuse_large(self, comment: Comment) -> None:
        limit = self._parts.settings.max_attachment_bytes
        if any(part.bytes > limit for part in comment.attachments):
            raise TooLarge(limit=bodies.human(limit))


def _body(receipt: SaidReceipt) -> dict[str, object]:
    return {
        "report_id": receipt.report_id,
        "id": receipt.id,
        "body_sha256": receipt.body_sha256,
        "ticket": {"id": receipt.ticket_id, "number": receipt.number, "status": receipt.status},
        "missing": list(receipt.missing),
    }


def _media_type(path: File) -> str:
    with path.open("rb") as file:
        begin = file.read(8)
    return next((kind for magic, kind in _PICTURES.items() if begin.startswith(magic)), _ANYTHING)
