"""Who is asking: the one place where a device's credential is checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from starlette.requests import Request

from server_stub.errors import Revoked, SignIn
from server_stub.manifest import UUID4
from server_stub.store.devices import Credential, Device, Devices

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
    """Lets in devices that are enrolled and not revoked.

    The stores ask for a device's id, and the routes of the API have it from here alone. Asking the door is a query: it
    belongs into the work that a route does beside the event loop, so that a request makes one such trip and not two.
    """

    def __init__(self, devices: Devices) -> None:
        self._devices = devices

    def admit(self, shown: Credential) -> Device:
        """The device that is asking. Raises SignIn, Revoked."""
        device = self._devices.find(shown.device_id)
        is_known = hmac.compare_digest(shown.secret_sha256, device.secret_sha256 if device else _NOBODY)
        if device is None or not is_known:
            raise SignIn
        if device.is_revoked:
            raise Revoked
        return device
