"""HTTP, and what its failures mean. The only module that knows requests.

One origin, fixed at the start; redirects are not followed; certificates are checked against the operating system's
trust store and that cannot be switched off; nothing is read from `.netrc` or the environment; answers are limited in
size and time.
"""

from __future__ import annotations

import io
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from client.core import faults
from client.core.errors import (
    NotOurServer,
    Problem,
    Rejected,
    ServerFault,
    SignInNeeded,
    Throttled,
    Unanswered,
    Unreachable,
)
from client.core.lane import Impatient
from client.core.origin import check_origin

CONNECT_S = 5.0
READ_S = 20.0
WHOLE_S = 60.0  # a request that takes longer, since its answer drips, is given up;
SLOWEST = 8 * 1024  # bytes a second that a large body may take on top
IN_FLIGHT = 128 * 1024  # bytes that the system holds for a slow line: they leave within READ_S at SLOWEST
MAX_ANSWER = 4 * 1024 * 1024
RETRY_AFTER_CAP_S = 3600.0
PROXIES_S = 5.0  # so long the proxies found are used: a report's requests follow each other, networks change slowly
Proxies = Callable[[], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx or 304 answer. Its body is what its JSON says (None: there is none), or bytes where they were asked for."""

    status: int
    body: Any
    etag: str | None = None
    date: str | None = None  # the server's clock, as its Date header has it


class Http:
    """Requests to one origin. Used by several lanes: each thread has a session of its own."""

    def __init__(self, origin: str, *, user_agent: str, language: str, proxies: Proxies) -> None:
        self.origin = check_origin(origin)
        self._headers = {
            "User-Agent": user_agent,
            "Accept": "application/json",
            "Accept-Language": language.replace("_", "-"),
            "Accept-Encoding": "identity",  # an answer cannot grow when it is unpacked
        }
        self._find_proxies = proxies
        self._proxies: dict[str, str] = {}
        self._proxies_until = 0.0
        self._local = threading.local()
        self._waiting: set[Impatient] = set()

    def stop_waiting(self) -> None:
        """From any thread: requests whose answer the server may keep back come to nothing at once."""
        for caller in tuple(self._waiting):
            caller.give_up()

    def get(
        self,
        path: str,
        *,
        bearer: str | None = None,
        headers: Mapping[str, str] | None = None,
        wait_s: float = 0.0,
        most: int = MAX_ANSWER,
    ) -> Answer:
        """`wait_s`: so long the server may keep its answer back. One of more than `most` bytes is not our server's."""
        return self._send("GET", path, None, bearer, headers, wait_s=wait_s, most=most)

    def get_bytes(self, path: str, *, most: int, bearer: str | None = None) -> Answer:
        """What lies at `path`, as raw bytes, at most so many."""
        return self._send("GET", path, None, bearer, {"Accept": "*/*"}, most=most, is_raw=True)

    def put(self, path: str, data: bytes, *, media_type: str = "application/json", bearer: str | None = None) -> Answer:
        return self._send("PUT", path, data, bearer, {"Content-Type": media_type})

    def _send(
        self,
        method: str,
        path: str,
        data: bytes | None,
        bearer: str | None,
        headers: Mapping[str, str] | None,
        *,
        wait_s: float = 0.0,
        most: int = MAX_ANSWER,
        is_raw: bool = False,
    ) -> Answer:
        import requests
        import urllib3.exceptions

        sent = dict(headers or {})
        if bearer:
            sent["Authorization"] = f"Bearer {bearer}"

        def exchange() -> Answer:
            with self._session().request(
                method,
                self.origin + path,
                data=io.BytesIO(data) if data else data,  # sent in pieces, each of which may take as long as a try
                headers=sent,
                timeout=(CONNECT_S, READ_S + wait_s),
                allow_redirects=False,
                stream=True,
                proxies=self._current_proxies(),
            ) as response:
                body = _read(response, most)
                if is_raw and response.status_code == 200:
                    return Answer(200, body)
                return _sort(response.status_code, response.headers, body)

        moved = most if is_raw else len(data or b"")
        whole_s = WHOLE_S + wait_s + moved / SLOWEST
        caller = self._caller()
        if wait_s:
            self._waiting.add(caller)
        try:
            return caller.call(whole_s, exchange)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise faults.from_requests(error, self.origin) from error
        finally:
            self._waiting.discard(caller)

    def _current_proxies(self) -> dict[str, str]:
        now = time.monotonic()
        if now >= self._proxies_until:
            self._proxies = self._find_proxies()
            self._proxies_until = now + PROXIES_S
        return self._proxies

    def _caller(self) -> Impatient:
        """Makes the requests of one lane. Sessions belong to its thread: one that is given up takes its own along."""
        if not hasattr(self._local, "caller"):
            self._local.caller = Impatient("http")
        caller: Impatient = self._local.caller
        return caller

    def _session(self) -> Any:
        if not hasattr(self._local, "session"):
            self._local.session = _new_session(self._headers)
        return self._local.session


def _new_session(headers: Mapping[str, str]) -> Any:
    import requests
    import truststore
    import urllib3
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection

    urllib3.disable_warnings(urllib3.exceptions.SystemTimeWarning)  # said to the user where TLS fails by it
    options = [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_SNDBUF, IN_FLIGHT)]

    class Steady(HTTPAdapter):
        """Lets no more than IN_FLIGHT bytes pile up, so that a slow line is told from one that takes nothing."""

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, socket_options=options, **kwargs)

    class Verified(Steady):
        """Checks certificates against the operating system's trust store."""

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, ssl_context=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT), **kwargs)

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            return super().proxy_manager_for(proxy, ssl_context=context, socket_options=options, **kwargs)

        def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
            """Keep requests from replacing the trust store by a bundle of its own; the context above verifies."""

    class Unredirected(requests.Session):
        """Follows no redirect, and does not read one's body to its end either."""

        def get_redirect_target(self, _: Any) -> None:
            return None

    session = Unredirected()
    session.trust_env = False
    session.headers.update(headers)
    session.mount("https://", Verified(max_retries=0))
    session.mount("http://", Steady(max_retries=0))
    return session


def _read(response: Any, most: int) -> bytes:
    """The body. One of more than `most` bytes is not our server's."""
    parts: list[bytes] = []
    size = 0
    while part := response.raw.read1(65536, decode_content=False):
        size += len(part)
        parts.append(part)
        if size > most:
            raise NotOurServer(faults.stranger())
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and int(length) != size and 200 <= response.status_code < 300 and response.status_code != 204:
        raise Unanswered(faults.cut_off())
    return b"".join(parts)


def _sort(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """An Answer, or the error whose class says what happens next (DESIGN: "Talking to a desk")."""
    content = _json(headers, body)
    if status == 304 or (200 <= status < 300 and content is not None):
        return Answer(status, content, headers.get("ETag"), headers.get("Date"))
    problem = _problem(content)
    if status == 429 or (status == 503 and problem):
        raise Throttled(problem or faults.busy(), retry_after_s(headers.get("Retry-After")))
    if status in (502, 504):
        raise Unanswered(faults.cut_off())
    if status == 413:
        raise Rejected(problem or faults.too_large())
    if status == 407:
        raise Unreachable(faults.proxy_sign_in())
    if problem is None:
        if status in (500, 503, 507):
            raise ServerFault(faults.server_fault())
        raise NotOurServer(faults.stranger())
    if status in (401, 403):
        raise SignInNeeded(problem)
    if status >= 500:
        raise ServerFault(problem)
    raise Rejected(problem)


def _json(headers: Mapping[str, str], body: bytes) -> Any:
    if "json" not in headers.get("Content-Type", "").lower():
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _problem(content: Any) -> Problem | None:
    """The desk's own error shape (docs/api.md, "Errors"), or None where this is not ours."""
    error = content.get("error") if isinstance(content, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("code"), str):
        return None
    return Problem(*(_plain(error.get(name))[:most] for name, most in (("code", 60), ("title", 200), ("detail", 1000))))


def _plain(words: object) -> str:
    """Words from elsewhere as one line that does nothing to a terminal or a window."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(words or "")).split())


def retry_after_s(value: str | None) -> float:
    """Seconds to wait by a Retry-After header, 0 to an hour; a minute where it says nothing sensible.

    A date is read against nothing but itself: no decision depends on this machine's clock, so it counts as a minute.
    """
    try:
        return float(min(max(int(value or ""), 0), RETRY_AFTER_CAP_S))
    except ValueError:
        return 60.0
