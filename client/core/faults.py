"""What keeps a report from its desk, in words: what happened, what happens next, what the user can do."""

from __future__ import annotations

from client.core.errors import DeskError, NotOurServer, Problem, Unanswered, Unreachable
from client.core.words import _

DAMAGED = "damaged"


def _by_itself() -> str:
    return _("Your report is safe on this PC and is sent by itself.")


def stranger() -> Problem:
    return Problem(
        "not_our_server",
        _("This network may want you to sign in"),
        _(
            "Something answered, but not IT’s server. Open a web page and sign in to the network there. "
            "If that does not help, please tell IT. Nothing is lost."
        ),
    )


def cut_off() -> Problem:
    return Problem("unanswered", _("The server did not answer in time"), _by_itself())


def busy() -> Problem:
    return Problem("throttled", _("The server is busy right now"), _by_itself())


def server_fault() -> Problem:
    return Problem("server_fault", _("The server has a problem of its own"), _by_itself())


def too_large() -> Problem:
    return Problem(
        "too_large",
        _("This report is too large for the server"),
        _("Send it again with fewer pictures or attachments, or call IT."),
    )


def no_connection() -> Problem:
    return Problem("no_connection", _("No connection right now"), _by_itself())


def no_such_name(host: str) -> Problem:
    return Problem(
        "no_such_name",
        _("No connection right now"),
        _(
            "This PC cannot find “{host}”. It may be offline, or the server address is wrong. "
            "Your report is safe on this PC and is sent by itself."
        ).format(host=host),
    )


def proxy_sign_in() -> Problem:
    return Problem(
        "proxy_sign_in",
        _("This network asks for a sign-in"),
        _("Deskbell cannot sign in to the proxy. Please tell IT. Until then your report is safe on this PC."),
    )


def proxy_unreachable() -> Problem:
    return Problem(
        "proxy",
        _("The network’s proxy does not answer"),
        _("Your report is safe on this PC and is sent by itself when the proxy is back."),
    )


def damaged(reason: str) -> Problem:
    return Problem(
        DAMAGED,
        _("A saved report was damaged on this PC"),
        _("What is left of it is kept. Please tell IT, or report the problem again. ({reason})").format(reason=reason),
    )


def left_out(number: int, reason: str) -> Problem:
    return Problem(
        "left_out",
        _("Ticket {number} is with IT, but not all of it").format(number=number),
        _("An attachment or a picture could not be handed over: {reason}. IT has everything else.").format(
            reason=reason
        ),
    )


def local_trouble(error: Exception) -> Problem:
    reason = error.strerror if isinstance(error, OSError) else None
    return Problem(
        "disk",
        _("This PC gives trouble with a saved report"),
        _("The report is kept and tried again. ({reason})").format(reason=reason or type(error).__name__),
    )


# OpenSSL's X509_V_ERR_* numbers, from its manual page X509_STORE_CTX_get_error(3)
_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_ISSUER = (18, 19, 20, 21)
_WRONG_HOST = (62, 63, 64)


def untrusted(error: BaseException, host: str) -> Problem:
    """Why a TLS handshake failed."""
    code = getattr(error, "verify_code", None)
    title = _("The connection to IT’s server is not secure")
    if code == _NOT_YET_VALID:
        detail = _("Most likely this PC’s clock is wrong. Set date and time, and the report is sent by itself.")
        return Problem("clock_wrong", _("This PC’s clock seems to be wrong"), detail)
    if code == _EXPIRED:
        detail = _(
            "The server’s certificate has expired, or this PC’s clock is wrong. If date and time are "
            "right, please tell IT."
        )
        return Problem("certificate_expired", title, detail)
    if code in _WRONG_HOST:
        detail = _("The certificate belongs to another address than “{host}”. Please tell IT.").format(host=host)
        return Problem("certificate_host", title, detail)
    if code in _UNKNOWN_ISSUER:
        detail = _("The certificate of “{host}” comes from somebody this PC does not know. Please tell IT.").format(
            host=host
        )
        return Problem("certificate_unknown", title, detail)
    return Problem("tls", title, _("No secure connection to “{host}” could be made. Please tell IT.").format(host=host))


def from_requests(error: Exception, origin: str) -> DeskError:
    """Our error for one of requests' (or of the socket below it)."""
    import socket
    import ssl

    import requests
    import urllib3.exceptions as u3

    host = origin.split("://", 1)[-1].split("/", 1)[0]
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, ssl.SSLError) and not isinstance(link, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return Unreachable(untrusted(link, host))
    if isinstance(error, requests.exceptions.SSLError):
        return Unreachable(untrusted(error, host))
    if isinstance(error, requests.exceptions.ProxyError):
        return Unreachable(proxy_sign_in() if "failed: 407" in str(error) else proxy_unreachable())
    if any(isinstance(link, (u3.NameResolutionError, socket.gaierror)) for link in chain):
        return Unreachable(no_such_name(host))
    if isinstance(error, requests.exceptions.ConnectTimeout) or any(
        isinstance(link, (u3.NewConnectionError, u3.ConnectTimeoutError)) for link in chain
    ):
        return Unreachable(no_connection())
    if isinstance(error, (requests.exceptions.InvalidHeader, u3.LocationParseError, requests.exceptions.InvalidURL)):
        return NotOurServer(stranger())
    return Unanswered(cut_off())


def _chain(error: BaseException) -> list[BaseException]:
    """`error` and everything behind it: causes, contexts, and the errors requests and urllib3 carry as arguments."""
    found: list[BaseException] = []
    todo: list[object] = [error]
    while todo and len(found) < 30:
        link = todo.pop(0)
        if isinstance(link, BaseException) and link not in found:
            found.append(link)
            todo += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    return found
