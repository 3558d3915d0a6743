"""Who is asking: the one place where a device's credential is checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from starlette.requests import Request

from server_stub.errors import Revoked, SignIn
from server_stub.manifest import UUID4
from server_stub.parts import Parts
from server_stub.store.devices import Credential, Device

_BEARER = re.compile(rf"(?i:Bearer) ({UUID4.strip('^$')})\.([A-Za-z0-9_-]{{43}})")
_NOBODY = "0" * 64


def credential(request: Request) -> Credential:
    """The credential that the request carries. Raises SignIn where there is none that could be one."""
    match = _BEARER.fullmatch(request.headers.get("authorization", ""))
    if match is None:
        raise SignIn
    device_id, secret = match.groups()
    digest = hashlib.sha256(base64.urlsafe_b64decode(f"{secret}=")).hexdigest()
    return Credential(device_id, digest)


class Door:
    """Lets in devices that are enrolled and not revoked; every router of the API but enrolment stands behind it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def authorise(self, request: Request) -> None:
        """Note the device that is asking. Raises SignIn, Revoked."""
        shown = credential(request)
        device = await self._parts.aside(lambda: self._parts.devices.find(shown.device_id))
        is_known = hmac.compare_digest(shown.secret_sha256, device.secret_sha256 if device else _NOBODY)
        if device is None or not is_known:
            raise SignIn
        if device.is_revoked:
            raise Revoked
        request.state.device = device


def device_of(request: Request) -> Device:
    """The device that `Door.authorise` let in; a route that did not ask the door has none and fails."""
    device = request.state.device
    if not isinstance(device, Device):
        raise TypeError("no device")
    return device
