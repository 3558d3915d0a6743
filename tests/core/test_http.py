"""Answers and failures of the network, over real sockets: what each one means."""

from __future__ import annotations

import datetime
import gzip
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from client.core.errors import (
    ConfigError,
    DeskError,
    NotOurServer,
    Rejected,
    ServerFault,
    SignInNeeded,
    Throttled,
    Unanswered,
    Unreachable,
)
from client.core.events import Delivered, NeedsAttention
from client.core.http import Http, retry_after_s
from client.core.origin import check_origin
from client.core.settings import proxies
from client.desks.deskbell import DeskbellServer
from tests.core.answering import Answering, answering, http
from tests.core.workshop import Workshop, shot
from tests.rigs.desk_server import free_port

OURS = json.dumps({"error": {"code": "some_code", "title": "Title", "detail": "Detail"}}).encode()
BEARER = "7b6f2a3e-0000-4000-8000-000000000001.secret-secret"


@pytest.fixture
def server() -> Iterator[Answering]:
    with answering() as told:
        yield told


def client(url: str, **proxies: str) -> Http:
    return Http(url, user_agent="deskbell/test", language="de_DE", proxies=lambda: proxies)


def error_of(one: Http) -> DeskError:
    with pytest.raises(DeskError) as caught:
        one.put("/api/v1/tickets/x", b"{}", bearer=BEARER)
    assert caught.value.problem.title
    assert caught.value.problem.detail
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, SignInNeeded),
        (403, SignInNeeded),
        (404, Rejected),
        (409, Rejected),
        (413, Rejected),
        (415, Rejected),
        (422, Rejected),
        (429, Throttled),
        (500, ServerFault),
        (503, Throttled),
        (507, ServerFault),
    ],
)
def test_our_own_servers_errors_have_their_class_and_words(
    server: Answering, status: int, kind: type[DeskError]
) -> None:
    server.answer = http(status, OURS)
    error = error_of(client(server.url))
    assert type(error) is kind
    assert (error.problem.code, error.problem.title) == ("some_code", "Title")


@pytest.mark.parametrize(
    "status", [200, 201, 204, 301, 302, 307, 308, 400, 401, 403, 404, 418, 422, 451, 505, 511, 599]
)
def test_a_page_for_people_is_not_our_server(server: Answering, status: int) -> None:  # I5: a captive portal
    server.answer = http(status, b"<html>Please sign in</html>", "text/html", Location="https://elsewhere.example/")
    assert type(error_of(client(server.url))) is NotOurServer


@pytest.mark.parametrize(
    ("status", "kind"), [(500, ServerFault), (502, Unanswered), (503, ServerFault), (504, Unanswered), (413, Rejected)]
)
def test_pages_of_what_stands_in_front_of_the_server(server: Answering, status: int, kind: type[DeskError]) -> None:
    server.answer = http(status, b"<html>Bad gateway</html>", "text/html")
    assert type(error_of(client(server.url))) is kind


@pytest.mark.parametrize("status", [201, 301, 302, 303, 307, 308])
def test_redirects_are_not_followed_and_nothing_goes_elsewhere(server: Answering, status: int) -> None:  # I10
    with answering() as elsewhere:
        server.answer = http(status, b"", "text/html", Location=elsewhere.url + "/stolen")
        error_of(client(server.url))
        assert elsewhere.asked == []


def test_the_credential_is_in_no_address_and_netrc_is_not_read(  # I10, I15
    server: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.answer = http(200, b"{}")
    one = client(server.url)
    one.get("/healthz")
    one.put("/api/v1/tickets/x", b"{}", bearer=BEARER)
    assert "Authorization" not in server.asked[0].headers
    assert server.asked[1].headers["Authorization"] == f"Bearer {BEARER}"
    assert "secret-secret" not in "".join(asked.path for asked in server.asked)
    assert server.asked[1].headers["Accept-Language"] == "de-DE"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 " + b"2" * 70000,
    ],
    ids=["closed", "garbage", "truncated", "broken chunks", "endless line"],
)
def test_an_answer_that_breaks_off_may_have_arrived(server: Answering, answer: bytes) -> None:
    server.answer = answer
    assert type(error_of(client(server.url))) in (Unanswered, NotOurServer)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(
            {"report_id": "x", "manifest_sha256": "", "ticket": {"id": "x", "number": 1, "status": ""}, "missing": []}
        )
        .replace("1,", "Infinity,")
        .encode(),
        b"[" * 100_000,
        b'{"a": NaN',
        b"\xff\xfe{}",
        b"",
        b"null",
        b'"text"',
        b"x" * (5 * 1024 * 1024),
    ],
    ids=["infinity", "deep", "cut", "charset", "empty", "null", "text", "huge"],
)
def test_json_that_is_no_receipt_counts_as_nothing(server: Answering, body: bytes) -> None:  # I5
    server.answer = http(200, body)
    desk = DeskbellServer(client(server.url), _credential, "deskbell test")
    with pytest.raises((NotOurServer, Unanswered)):
        desk.submit("x", b"{}")


def test_a_compressed_answer_is_not_unpacked(server: Answering) -> None:
    bomb = gzip.compress(b"{" + b" " * 10_000_000 + b"}")
    server.answer = http(200, bomb, Content_Encoding="gzip")
    assert type(error_of(client(server.url))) is NotOurServer


def _credential() -> object:
    from client.core.desk import Credential

    return Credential("7b6f2a3e-0000-4000-8000-000000000001", "secret-secret")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("-5", 0),
        ("1000000000", 3600),
        ("abc", 60),
        ("Wed, 21 Oct 1990 07:28:00 GMT", 60),
        (None, 60),
        ("nan", 60),
    ],
)
def test_retry_after_is_obeyed_within_reason(header: str | None, seconds: float) -> None:  # I8: no clock is asked
    assert retry_after_s(header) == seconds


def test_nobody_listens(server: Answering) -> None:
    error = error_of(client(f"http://localhost:{free_port()}"))
    assert (type(error), error.problem.code) == (Unreachable, "no_connection")


def test_a_name_that_does_not_exist_is_said_with_the_name() -> None:
    error = error_of(client("https://help.invalid"))
    assert (type(error), error.problem.code) == (Unreachable, "no_such_name")
    assert "help.invalid" in error.problem.detail


def test_a_proxy_that_does_not_answer_is_said() -> None:
    error = error_of(client("http://localhost:1", http=f"http://127.0.0.1:{free_port()}"))
    assert (type(error), error.problem.code) == (Unreachable, "proxy")


@pytest.mark.parametrize("direct", ["localhost", ".example.com, localhost", "*"])
def test_the_systems_proxy_is_not_asked_for_what_the_system_reaches_directly(
    server: Answering, monkeypatch: pytest.MonkeyPatch, direct: str
) -> None:
    for name in ("HTTP_PROXY", "NO_PROXY", "no_proxy", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    server.answer = http(200, b"{}")

    def one() -> Http:
        return Http(server.url, user_agent="x", language="de", proxies=proxies("system", server.url))

    assert error_of(one()).problem.code == "proxy"
    assert server.asked == []
    monkeypatch.setenv("no_proxy", direct)
    assert one().get("/healthz").status == 200


def test_a_proxy_that_wants_a_sign_in_is_said(server: Answering) -> None:
    server.answer = http(407, b"<html>sign in</html>", "text/html")
    for url in ("http://localhost:1", "https://help.invalid"):
        error = error_of(client(url, http=server.url, https=server.url))
        assert (type(error), error.problem.code) == (Unreachable, "proxy_sign_in")


# TLS: a real handshake with certificates made for the test


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _context(authority: trustme.CA, name: str, not_after: datetime.datetime | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=not_after).configure_cert(context)
    return context


def _trust(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(pem))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))


def test_a_certificate_of_the_machines_trust_store_is_accepted(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _trust(authority, tmp_path, monkeypatch)
    with answering(_context(authority, "localhost")) as server:
        server.answer = http(200, b"{}")
        assert client(server.url).get("/healthz").body == {}


@pytest.mark.parametrize(
    ("name", "is_trusted", "years", "code"),
    [
        ("localhost", False, 1, "certificate_unknown"),
        ("other.example", True, 1, "certificate_host"),
        ("localhost", True, -1, "certificate_expired"),
    ],
)
def test_a_bad_certificate_is_said_and_not_a_byte_of_the_report_is_sent(  # I10
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    is_trusted: bool,
    years: int,
    code: str,
) -> None:
    if is_trusted:
        _trust(authority, tmp_path, monkeypatch)
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=365 * years)
    with answering(_context(authority, name, until)) as server:
        error = error_of(client(server.url))
        assert (type(error), error.problem.code) == (Unreachable, code)
        assert server.asked == []


def test_plain_http_where_tls_is_expected_is_said(server: Answering) -> None:
    error = error_of(client(server.url.replace("http:", "https:")))
    assert (type(error), error.problem.code) == (Unreachable, "tls")
    assert server.asked == []


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("help.example.com", "bad_address"),
        ("ftp://help.example.com", "bad_address"),
        ("https://", "bad_address"),
        ("https://help.example.com:port", "bad_address"),
        ("https://user:password@help.example.com", "bad_address"),
        ("https://help.example.com?x=1", "bad_address"),
        ("https://[::1", "bad_address"),
        ("https://help\uff0fexample.com", "bad_address"),
        ("https://help example.com", "bad_address"),
        ("http://help.example.com", "not_encrypted"),
        ("http://127.0.0.1.help.example.com", "not_encrypted"),
    ],
)
def test_an_address_that_must_not_be_used_is_said(address: str, code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_origin(address)
    assert caught.value.problem.code == code
    assert "password" not in caught.value.problem.detail.replace("user name or password", "")


@pytest.mark.parametrize("status", range(200, 600, 7))
@pytest.mark.parametrize("body", [b"", OURS, b"<html>", b"{}"], ids=["empty", "ours", "page", "json"])
def test_no_answer_deletes_anything(tmp_path: Path, server: Answering, status: int, body: bytes) -> None:  # I13
    media_type = "text/html" if body.startswith(b"<") else "application/json"
    server.answer = http(status, body, media_type)
    desk = DeskbellServer(client(server.url), _credential, "deskbell test")  # type: ignore[arg-type]
    shop = Workshop(tmp_path / "profile", desk)
    draft = shop.report("printer jams", shot())
    shop.deliver(1)
    assert not shop.told(Delivered)
    place = shop.places()[draft.report_id]
    assert place == ("attention" if shop.told(NeedsAttention) else "outbox")
    assert len(list((shop.spool.root / place / draft.report_id).glob("?" * 64))) == 1


def test_an_answer_that_drips_for_ever_is_given_up_and_the_next_request_works(
    server: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client.core.http.WHOLE_S", 0.3)
    release = threading.Event()

    def drip(_: object) -> bytes:
        release.wait(20)
        return b""

    server.answer = drip
    one = client(server.url)
    assert type(error_of(one)) is Unanswered
    server.answer = http(200, b"{}")
    assert one.get("/healthz").body == {}
    release.set()
