"""``/api/v1/devices``: enrolment."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import JSONResponse

from server_stub.api import bodies, schema
from server_stub.api.door import credential
from server_stub.errors import SignIn
from server_stub.manifest import UUID4, EnrolmentBody, cleaned, parse
from server_stub.parts import Parts, peer
from server_stub.store.devices import Enrolment

_BODY_BYTES = 16 * 1024
DeviceId = Annotated[str, Path(pattern=UUID4, description="A uuid4 that the device made.")]


class DeviceRoutes:
    """The routes that a device calls before the door knows it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def router(self) -> APIRouter:
        """The table of routes."""
        router = APIRouter(prefix="/api/v1/devices", tags=["Devices"], redirect_slashes=False)
        router.add_api_route(
            "/{device_id}",
            self.enrol,
            methods=["PUT"],
            summary="Enrol this device",
            responses=schema.answers(
                {201: schema.Enrolled, 200: schema.Enrolled}, 400, 401, 403, 409, 413, 415, 422, 429, 503
            ),
            openapi_extra=schema.json_body(EnrolmentBody),
            status_code=201,
        )
        return router

    async def enrol(self, request: Request, device_id: DeviceId) -> JSONResponse:
        """Enrol with the site's public key and a secret that the device made. The same again answers 200."""
        shown = credential(request)
        if shown.device_id != device_id:
            raise SignIn
        raw = await bodies.whole_json(request, _BODY_BYTES, self._parts.settings.stall_s)
        body = parse(EnrolmentBody, raw)
        enrolment = Enrolment(
            site_key=cleaned(body.site_key),
            client=cleaned(body.client),
            address=peer(request),
        )
        device, is_new = await self._parts.aside(lambda: self._parts.devices.enrol(shown, enrolment))
        answer = {"device_id": device.id, "site": {"name": device.site_name}}
        return JSONResponse(answer, status_code=201 if is_new else 200)
