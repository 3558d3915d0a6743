"""``/api/v1/tickets``: submitting a report, uploading what belongs to it, reading one's own."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import JSONResponse

from server_stub.api import bodies, schema
from server_stub.api.arrival import Arrival
from server_stub.api.door import Door, credential
from server_stub.api.ticket_body import told
from server_stub.api.upload import Target, Upload
from server_stub.errors import DigestDiffers, Invalid, TooLarge
from server_stub.manifest import SHA256, UUID4, Manifest, parse
from server_stub.parts import Parts
from server_stub.settings import MANIFEST_BYTES, MIB
from server_stub.store.tickets import Receipt

_PIECE_BYTES = 1024 * 1024
_WHOLE_BYTES = 32 * MIB
_WHOLE = "application/vnd.deskbell.report"
ReportId = Annotated[str, Path(pattern=UUID4, description="The uuid4 that the client gave the report.")]
Digest = Annotated[str, Path(pattern=SHA256, description="SHA-256 of the bytes, 64 lower-case hex digits.")]


class TicketRoutes:
    """The routes of reports and their attachments. All of them stand behind the door."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    def router(self) -> APIRouter:
        """The table of routes."""
        router = APIRouter(prefix="/api/v1/tickets", tags=["Reports"], redirect_slashes=False)
        receipts = {201: schema.ReceiptBody, 200: schema.ReceiptBody}
        router.add_api_route(
            "/{report_id}",
            self.submit,
            methods=["PUT"],
            summary="Submit a report",
            responses=schema.answers(receipts, 400, 401, 403, 404, 411, 413, 415, 422, 429, 503, 507),
            openapi_extra=schema.json_body(Manifest, _WHOLE),
            status_code=201,
        )
        router.add_api_route(
            "/{report_id}",
            self.read,
            methods=["GET"],
            summary="Read one’s own ticket, with all that became of it",
            responses=schema.answers({200: schema.TicketBody}, 401, 403, 404, 422),
        )
        router.add_api_route(
            "/{report_id}/attachments/{sha256}",
            self.upload,
            methods=["PUT"],
            summary="Upload an attachment",
            responses=schema.answers(receipts, 401, 403, 404, 411, 413, 415, 422, 503, 507),
            openapi_extra=schema.raw_body(),
            status_code=201,
        )
        return router

    async def submit(self, request: Request, report_id: ReportId) -> JSONResponse:
        """Make a ticket of the manifest in the body. Durable before the answer; the same again answers 200.

        A body of the type ``application/vnd.deskbell.report; manifest=<bytes>`` is the report whole: the manifest, so
        many bytes, then those of its attachments, in its order, each digest once.
        """
        shown = credential(request)
        manifest_bytes = _manifest_bytes(request)
        if manifest_bytes is not None:
            arrival = Arrival(self._parts, self._door, shown, report_id)
            return await self._submit_whole(request, report_id, manifest_bytes, arrival)
        raw = await bodies.whole_json(request, MANIFEST_BYTES, self._parts.settings.stall_s)

        def work() -> tuple[Receipt, bool]:
            device = self._door.admit(shown)
            return self._parts.tickets.submit(device.id, self._manifest(raw, report_id), raw)

        return _answer(*await self._parts.aside(work))

    async def _submit_whole(
        self, request: Request, report_id: str, manifest_bytes: int, arrival: Arrival
    ) -> JSONResponse:
        parts = self._parts
        announced_bytes = bodies.required_bytes(request, _WHOLE_BYTES)
        if manifest_bytes > MANIFEST_BYTES:
            raise TooLarge(limit=bodies.human(MANIFEST_BYTES))
        body = bodies.Body(request, parts.settings.stall_s)
        raw = bytes(await body.take(manifest_bytes))

        def understood() -> Manifest:
            manifest = self._manifest(raw, report_id)
            if announced_bytes != manifest_bytes + sum(_sizes(manifest).values()):
                raise Invalid(place="attachments")
            return manifest

        sizes = _sizes(await parts.aside(partial(arrival.begin, understood, raw)))
        syncing: list[asyncio.Task[None]] = []  # the disk is waited for while the next attachment comes in
        try:
            for sha256, size in sizes.items():
                syncing += await self._receive(body, arrival, sha256, size)
            await asyncio.gather(*syncing)
        finally:
            await asyncio.gather(*syncing, return_exceptions=True)
            arrival.discard()
        return _answer(*await parts.aside(arrival.end))

    async def _receive(self, body: bodies.Body, arrival: Arrival, sha256: str, size: int) -> list[asyncio.Task[None]]:
        """Take one attachment; what is still to be waited for."""
        is_missing = arrival.is_missing(sha256)
        left = size
        while True:
            piece = await body.take(min(left, _PIECE_BYTES))
            left -= len(piece)
            step = partial(arrival.add, sha256, piece, is_last=not left)
            if not left:
                return [asyncio.create_task(self._parts.aside(step))] if is_missing else []
            if not piece:
                raise DigestDiffers
            if is_missing:
                await self._parts.aside(step)

    async def read(self, request: Request, report_id: ReportId) -> JSONResponse:
        """A ticket that this very device submitted."""
        shown = credential(request)
        ticket = await self._parts.aside(lambda: self._parts.own.one(self._door.admit(shown).id, report_id))
        return JSONResponse(told(ticket))

    async def upload(self, request: Request, report_id: ReportId, sha256: Digest) -> JSONResponse:
        """Store the bytes of an attachment that the manifest announced. Durable before the answer.

        The body goes to disk in large pieces. The first one is taken before the door is asked: most bodies are no
        longer than that, and then everything is done in one trip beside the event loop.
        """
        parts = self._parts
        length = bodies.required_bytes(request, parts.settings.max_attachment_bytes)
        upload = Upload(parts, self._door, credential(request), Target(report_id, sha256, length))
        done = None
        try:
            async for piece in bodies.pieces(request, _PIECE_BYTES, parts.settings.stall_s):
                done = await parts.aside(partial(upload.add, piece))
                if done:
                    break
            done = done or await parts.aside(
                partial(upload.add, bytearray())
            )  # an attachment of no bytes has no pieces
        finally:
            upload.discard()
        if done is None:
            raise DigestDiffers
        return _answer(*done)

    def _manifest(self, raw: bytes, report_id: str) -> Manifest:
        manifest = parse(Manifest, raw)
        if manifest.report_id != report_id:
            raise Invalid(place="report_id")
        limit = self._parts.settings.max_attachment_bytes
        if any(attachment.bytes > limit for attachment in manifest.attachments):
            raise TooLarge(limit=bodies.human(limit))
        return manifest


def _manifest_bytes(request: Request) -> int | None:
    """How long the manifest of a whole report is; None where the body is a manifest alone. Raises Invalid."""
    media_type, _, parameter = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != _WHOLE:
        return None
    name, _, value = parameter.strip().partition("=")
    if name.lower() != "manifest" or not (value.isascii() and value.isdigit() and len(value) < 10):
        raise Invalid(place="manifest")
    return int(value)


def _sizes(manifest: Manifest) -> dict[str, int]:
    """The attachments of a manifest in its order, each digest once, with their bytes."""
    return {each.sha256: each.bytes for each in manifest.attachments}


def _answer(receipt: Receipt, is_new: bool) -> JSONResponse:
    body = {
        "report_id": receipt.report_id,
        "manifest_sha256": receipt.manifest_sha256,
        "ticket": {"id": receipt.report_id, "number": receipt.number, "status": receipt.status},
        "missing": list(receipt.missing),
    }
    return JSONResponse(body, status_code=201 if is_new else 200)
