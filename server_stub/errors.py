"""Every way in which a request can fail, each with its words.

Failure
├── BadJson, BadRequest                             400
├── SignIn                                          401
├── UnknownSite, Revoked, ForeignForm               403
├── NotFound                                        404
├── MethodNotAllowed                                405
├── DeviceTaken                                     409
├── LengthRequired                                  411
├── TooLarge                                        413
├── UnsupportedMediaType                            415
├── Invalid, ReportDiffers, SentDiffers, DigestDiffers  422
├── TooManyEnrolments, TooManyReports, TooManyComments, TooManyWaiting, TooManyLogins  429
├── ServerFault                                     500
├── Unavailable                                     503
└── StorageFull                                     507
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import ClassVar

from server_stub.words import N_, Words


class Failure(Exception):
    """A request that fails, with a stable `code` for programs and words for people.

    `title` and `detail` are English source strings of the catalogue with named places; `values` fills them.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "server_fault"
    title: ClassVar[str] = N_("Something went wrong here")
    detail: str = N_("The server had a fault of its own. Nothing was changed; please try again later.")

    def __init__(
        self, detail: str | None = None, headers: Mapping[str, str] | None = None, **values: str | int
    ) -> None:
        super().__init__(self.code)
        if detail is not None:
            self.detail = detail
        self.headers = dict(headers or {})
        self.values = values

    def body(self, words: Words) -> dict[str, dict[str, str]]:
        """The one shape of an error, in the reader's language."""
        detail = words.gettext(self.detail).format(**self.values)
        return {"error": {"code": self.code, "title": words.gettext(self.title), "detail": detail}}


class ServerFault(Failure):
    """A fault of the server's own."""


class BadJson(Failure):
    """The body is not JSON that can be trusted to mean one thing."""

    status = 400
    code = "bad_json"
    title = N_("Not readable as JSON")
    detail = N_("The body must be one JSON object in UTF-8, without repeated keys and without NaN or infinity.")


class BadRequest(Failure):
    """The request itself is malformed."""

    status = 400
    code = "bad_request"
    title = N_("Not a request that can be understood")
    detail = N_("The request could not be understood.")


class SignIn(Failure):
    """No credential, or none that this server knows."""

    status = 401
    code = "sign_in"
    title = N_("This device is not enrolled here")
    detail = N_("The request carries no credential that this server knows. Enrol the device, then try again.")

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class UnknownSite(Failure):
    """The site key belongs to no site."""

    status = 403
    code = "unknown_site"
    title = N_("This site key is not known")
    detail = N_("There is no such site key, or it was withdrawn. Ask your IT department for the current one.")


class Revoked(Failure):
    """An administrator shut this device out."""

    status = 403
    code = "revoked"
    title = N_("This device was shut out")
    detail = N_("An administrator revoked this device. Ask your IT department.")


class ForeignForm(Failure):
    """A form that another site's page sent."""

    status = 403
    code = "foreign_form"
    title = N_("This came from another page")
    detail = N_("The form was not sent from a page of this server, so nothing was changed. Open the page again.")


class NotFound(Failure):
    """Absent or foreign: the two look the same."""

    status = 404
    code = "not_found"
    title = N_("Not here")
    detail = N_("There is no such ticket, or it is not yours.")


class NoSuchPage(NotFound):
    """An address that leads nowhere."""

    detail = N_("There is nothing at this address.")


class MethodNotAllowed(Failure):
    """The address exists, but not for this method."""

    status = 405
    code = "method_not_allowed"
    title = N_("Not possible at this address")
    detail = N_("This address does not answer to that method.")


class DeviceTaken(Failure):
    """The id is enrolled with another secret."""

    status = 409
    code = "device_taken"
    title = N_("This device id is taken")
    detail = N_("The id is enrolled with another secret. Make a new id and enrol again.")


class LengthRequired(Failure):
    """An upload that does not say how long it is."""

    status = 411
    code = "length_required"
    title = N_("The length is missing")
    detail = N_("An attachment must be sent with its length in Content-Length.")


class TooLarge(Failure):
    """More than this server takes."""

    status = 413
    code = "too_large"
    title = N_("Too large")
    detail = N_("This is more than the {limit} that this server takes.")


class UnsupportedMediaType(Failure):
    """A body of another kind than the route takes."""

    status = 415
    code = "unsupported_media_type"
    title = N_("Not in a form that can be read")
    detail = N_("The body must be sent as it is, without compression, and JSON must be called application/json.")


class Invalid(Failure):
    """Readable, but not what the contract asks for."""

    status = 422
    code = "invalid"
    title = N_("Something in it is not right")
    detail = N_("The value at “{place}” is missing or not allowed.")


class ReportDiffers(Failure):
    """The same report id with another content."""

    status = 422
    code = "report_differs"
    title = N_("This report was sent before with another content")
    detail = N_("A report with this id is here already and says something else. It was left as it is.")


class SentDiffers(Failure):
    """A comment or an operation under an id that was used before."""

    status = 422
    code = "sent_differs"
    title = N_("This was sent before with another content")
    detail = N_("Something with this id is here already and says something else. It was left as it is.")


class DigestDiffers(Failure):
    """The bytes are not those that the manifest names."""

    status = 422
    code = "digest_differs"
    title = N_("The attachment arrived damaged")
    detail = N_("The bytes that arrived are not those that the report names. Nothing was kept; please send it again.")


class Throttled(Failure):
    """Too much of something; says when to come back."""

    status = 429

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(headers={"Retry-After": str(retry_after_s)})


class TooManyEnrolments(Throttled):
    """More enrolments from one address than the limit."""

    code = "too_many_enrolments"
    title = N_("Too many devices at once")
    detail = N_("More devices enrolled from this address within an hour than are allowed. It will work again later.")


class TooManyReports(Throttled):
    """More reports from one device than the limit."""

    code = "too_many_reports"
    title = N_("Too many reports at once")
    detail = N_("This device sent more reports within an hour than are allowed. It will work again later.")


class TooManyComments(Throttled):
    """More comments and operations from one device than the limit."""

    code = "too_many_comments"
    title = N_("Too many comments at once")
    detail = N_("This device sent more comments within an hour than are allowed. It will work again later.")


class TooManyWaiting(Throttled):
    """More requests of one device that wait for a change than the limit."""

    code = "too_many_waiting"
    title = N_("Too many requests at once")
    detail = N_("This device waits for news in more places at once than are allowed.")


class TooManyLogins(Throttled):
    """Too many failed log-ins."""

    code = "too_many_logins"
    title = N_("Too many attempts")
    detail = N_("There were too many attempts to log in. Please wait a quarter of an hour and try again.")


class Unavailable(Failure):
    """Not now, but soon."""

    status = 503
    code = "unavailable"
    title = N_("Not available right now")
    detail = N_("The server cannot answer right now. Please try again in a moment.")

    def __init__(self, detail: str | None = None) -> None:
        # Not the same for all: thousands of clients that were refused in one moment must not come back in one, too.
        super().__init__(detail, headers={"Retry-After": str(random.randint(5, 15))})  # noqa: S311


class StorageFull(Failure):
    """No space left."""

    status = 507
    code = "storage_full"
    title = N_("The server’s disk is full")
    detail = N_("There is no space left to keep this. Nothing was stored; it will work again when there is space.")
