"""TLS and proxies that are not as they should be: nothing of a report goes where it must not, and words say why."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from client.core.errors import DeskError, Unanswered, Unreachable
from client.core.http import Http
from tests.core.answering import answering, http
from tests.core.client import Client
from tests.faults.singles.listeners import listening, read_request, reset

BEARER = "7b6f2a3e-0000-4000-8000-000000000001.secret-secret"
CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[trustme.CA]:
    """An authority that this PC trusts, as a company's own is."""
    pem = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(pem))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    monkeypatch.setattr("client.core.http.CONNECT_S", 0.5)
    monkeypatch.setattr("client.core.http.READ_S", 0.5)
    return authority


def served_by(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def client(url: str, **proxies: str) -> Http:
    return Http(url, user_agent="deskbell/test", language="en", proxies=lambda: proxies)


def error_of(one: Http) -> DeskError:
    with pytest.raises(DeskError) as caught:
        one.put("/api/v1/tickets/x", b'{"text": "canary"}', bearer=BEARER)
    return caught.value


def test_a_self_signed_certificate_is_refused(trusted: trustme.CA, tmp_path: Path) -> None:
    own = trustme.CA()  # the certificate of an authority is signed by itself
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with own.private_key_pem.tempfile() as key, own.cert_pem.tempfile() as certificate:
        context.load_cert_chain(certificate, key)
    with answering(context) as server:
        error = error_of(client(server.url))
        assert (type(error), error.problem.code) == (Unreachable, "certificate_unknown")
        assert server.asked == []


def test_a_certificate_from_the_future_means_that_this_clock_is_wrong(trusted: trustme.CA) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with answering(served_by(trusted.issue_cert("localhost", not_before=tomorrow))) as server:
        error = error_of(client(server.url))
        assert (type(error), error.problem.code) == (Unreachable, "clock_wrong")
        assert error.problem.title == "This PC’s clock seems to be wrong"
        assert server.asked == []


def test_a_certificate_that_changed_into_a_foreign_one_is_refused(trusted: trustme.CA) -> None:
    good = served_by(trusted.issue_cert("localhost"))
    with answering(good) as server:
        server.answer = http(200, b"{}")
        one = client(server.url)
        assert one.get("/healthz").status == 200
        trustme.CA().issue_cert("localhost").configure_cert(good)
        assert error_of(one).problem.code == "certificate_unknown"
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ("silent", "unanswered"),
        ("half", "unanswered"),
        ("reset", "unanswered"),
        ("closed", "tls"),
        ("garbage", "tls"),
    ],
)
def test_a_handshake_that_comes_to_nothing_sends_nothing(trusted: trustme.CA, way: str, code: str) -> None:
    heard: list[bytes] = []

    def stop(connection: socket.socket, _: int) -> None:
        heard.append(connection.recv(65536))
        if way == "reset":
            reset(connection)
        elif way == "garbage":
            connection.sendall(b"\x00\xff" * 500)
        elif way == "half":
            connection.sendall(b"\x16\x03\x03\x40\x00\x02")
        if way in ("silent", "half"):
            listener.release.wait(20)

    with listening(stop) as listener:
        error = error_of(client(listener.url.replace("http:", "https:")))
    assert error.problem.code == code
    assert not any(b"canary" in data or b"secret" in data for data in heard)


# Proxies


def _tunnel(inner: socket.socket, context: ssl.SSLContext) -> bytes:
    """What the client says inside its tunnel to somebody with this certificate."""
    with suppress(OSError), context.wrap_socket(inner, server_side=True) as plain:
        request = read_request(plain)  # type: ignore[arg-type]
        plain.sendall(http(200, b'{"from": "the inspecting proxy"}'))
        return request
    return b""


@pytest.mark.parametrize("is_trusted", [True, False], ids=["trusted", "unknown"])
def test_an_inspecting_proxy_is_heard_only_with_a_trusted_authority(trusted: trustme.CA, is_trusted: bool) -> None:
    heard: list[bytes] = []
    over = threading.Event()
    authority = trusted if is_trusted else trustme.CA()
    context = served_by(authority.issue_cert("help.example.com"))

    def inspect(connection: socket.socket, _: int) -> None:
        heard.append(read_request(connection))
        connection.sendall(CONNECTED)
        heard.append(_tunnel(connection, context))
        over.set()

    with listening(inspect) as listener:
        one = client("https://help.example.com", https=listener.url)
        if is_trusted:
            assert one.put("/x", b'{"text": "canary"}', bearer=BEARER).body == {"from": "the inspecting proxy"}
        else:
            assert error_of(one).problem.code == "certificate_unknown"
        assert over.wait(10)
    assert heard[0].startswith(b"CONNECT help.example.com:443 ")
    assert b"secret" not in heard[0]
    assert (b"canary" in heard[1]) == is_trusted


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "proxy"),
        (b"HTTP/1.1 407 Sign in\r\nContent-Length: 0\r\n\r\n", "proxy_sign_in"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n", "proxy"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\n<html>", "proxy"),
        (CONNECTED + b"<html>Welcome</html>", "tls"),
        (CONNECTED, "tls"),
        (b"", "unanswered"),
    ],
    ids=["502", "407", "302", "403", "a page in the tunnel", "an empty tunnel", "nothing"],
)
def test_a_proxy_that_makes_no_tunnel_is_said(trusted: trustme.CA, answer: bytes, code: str) -> None:
    heard: list[bytes] = []

    def refuse(connection: socket.socket, _: int) -> None:
        heard.append(read_request(connection))
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):  # closed with something unread, it would be a reset
            pass

    with listening(refuse) as listener:
        error = error_of(client("https://help.example.com", https=listener.url))
    assert type(error) in (Unreachable, Unanswered)
    assert error.problem.code == code
    assert not any(b"canary" in data or b"secret" in data for data in heard)


def test_a_proxy_that_never_answers_is_given_up(trusted: trustme.CA) -> None:
    def silent(connection: socket.socket, _: int) -> None:
        read_request(connection)
        listener.release.wait(20)

    with listening(silent) as listener:
        error = error_of(client("https://help.example.com", https=listener.url))
    assert type(error) in (Unreachable, Unanswered)


def test_the_settings_proxy_is_used_and_its_page_is_not_our_server(tmp_path: Path) -> None:
    with answering() as proxy:
        proxy.answer = http(200, b"<html>Blocked by policy</html>", "text/html")
        person = Client(tmp_path / "profile", "http://localhost:1", "dbk_any", proxy=proxy.url)
        person.report()
        assert person.held_by().code == "not_our_server"
        assert {asked.path for asked in proxy.asked} == {proxy.asked[0].path}
        assert proxy.asked[0].path.startswith("http://localhost:1/")
