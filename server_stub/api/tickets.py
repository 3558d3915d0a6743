"""``/api/v1/tickets``: submitting a report, uploading what belongs to it, reading one's own."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import JSONResponse

from server_stub.api import bodies, schema
from server_stub.api.door import Door, device_of
from server_stub.blobs import Incoming
from server_stub.errors import DigestDiffers, Invalid, TooLarge
from server_stub.manifest import SHA256, UUID4, Manifest, parse
from server_stub.parts import Parts
from server_stub.settings import MANIFEST_BYTES
from server_stub.store.tickets import OwnTicket, Receipt

_WRITE_BYTES = 1024 * 1024
ReportId = Annotated[str, Path(pattern=UUID4, description="The uuid4 that the client gave the report.")]
Digest = Annotated[str, Path(pattern=SHA256, description="SHA-256 of the bytes, 64 lower-case hex digits.")]


class TicketRoutes:
    """The routes of reports and their attachments. All of them stand behind the door."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    def router(self) -> APIRouter:
        """The table of routes."""
        router = APIRouter(
            prefix="/api/v1/tickets",
            tags=["Reports"],
            redirect_slashes=False,
            dependencies=[Depends(self._door.authorise)],
        )
        receipts = {201: schema.ReceiptBody, 200: schema.ReceiptBody}
        router.add_api_route(
            "/{report_id}",
            self.submit,
            methods=["PUT"],
            summary="Submit a report",
            responses=schema.answers(receipts, 400, 401, 403, 404, 413, 415, 422, 429, 503, 507),
            openapi_extra=schema.json_body(Manifest),
            status_code=201,
        )
        router.add_api_route(
            "/{report_id}",
            self.read,
            methods=["GET"],
            summary="Read one’s own ticket",
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
        """Make a ticket of the manifest in the body. Durable before the answer; the same again answers 200."""
        device = device_of(request)
        raw = await bodies.whole_json(request, MANIFEST_BYTES, self._parts.settings.stall_s)
        manifest = parse(Manifest, raw)
        if manifest.report_id != report_id:
            raise Invalid(place="report_id")
        limit = self._parts.settings.max_attachment_bytes
        if any(attachment.bytes > limit for attachment in manifest.attachments):
            raise TooLarge(limit=bodies.human(limit))
        receipt, is_new = await self._parts.aside(lambda: self._parts.tickets.submit(device.id, manifest, raw))
        return _answer(receipt, is_new)

    async def read(self, request: Request, report_id: ReportId) -> JSONResponse:
        """A ticket that this very device submitted."""
        device = device_of(request)
        ticket = await self._parts.aside(lambda: self._parts.tickets.own(device.id, report_id))
        return JSONResponse(_own(ticket))

    async def upload(self, request: Request, report_id: ReportId, sha256: Digest) -> JSONResponse:
        """Store the bytes of an attachment that the manifest announced. Durable before the answer."""
        device = device_of(request)
        parts = self._parts
        length = bodies.required_bytes(request, parts.settings.max_attachment_bytes)
        expected = await parts.aside(lambda: parts.tickets.expected(device.id, report_id, sha256))
        if expected.is_gone or (expected.is_received and parts.blobs.has(sha256, expected.bytes)):
            return _answer(await parts.aside(lambda: parts.tickets.receipt(report_id)), is_new=False)
        if length != expected.bytes:
            raise DigestDiffers
        receipt = await self._store(request, report_id, sha256, length)
        return _answer(receipt, is_new=True)

    async def _store(self, request: Request, report_id: str, sha256: str, length: int) -> Receipt:
        """Stream the body to disk in large pieces; the last hop also makes everything durable."""
        parts = self._parts
        incoming = parts.blobs.incoming()
        piece = bytearray()
        total = 0

        def finish() -> Receipt:
            incoming.write(piece)
            incoming.keep(sha256)
            return parts.tickets.arrived(report_id, sha256)

        try:
            async for chunk in bodies.chunks(request, parts.settings.stall_s):
                total += len(chunk)
                if total > length:
                    raise DigestDiffers
                piece += chunk
                if len(piece) >= _WRITE_BYTES:
                    await self._write(incoming, bytes(piece))
                    piece.clear()
            return await parts.aside(finish)
        finally:
            incoming.discard()

    async def _write(self, incoming: Incoming, piece: bytes) -> None:
        await self._parts.aside(lambda: incoming.write(piece))


def _answer(receipt: Receipt, is_new: bool) -> JSONResponse:
    body = {
        "report_id": receipt.report_id,
        "manifest_sha256": receipt.manifest_sha256,
        "ticket": {"id": receipt.report_id, "number": receipt.number, "status": receipt.status},
        "missing": list(receipt.missing),
    }
    return JSONResponse(body, status_code=201 if is_new else 200)


def _own(ticket: OwnTicket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "number": ticket.number,
        "status": ticket.status,
        "text": ticket.text,
        "category": ticket.category,
        "blocking": ticket.blocking,
        "created_at": schema.rfc3339(ticket.created_at),
        "updated_at": schema.rfc3339(ticket.updated_at),
        "agent": {"name": ticket.agent_name} if ticket.agent_name else None,
        "missing": list(ticket.missing),
    }
