"""Networks that misbehave, over real sockets. More of names, refusals and redirects is in tests/core/test_http.py."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from client.core.errors import DeskError, NotOurServer, Unanswered, Unreachable
from client.core.http import MAX_ANSWER, Http
from tests.core.answering import answering, http
from tests.core.client import Client
from tests.faults.exchange import Exchange, Fault, Kind
from tests.faults.proxy import FaultProxy
from tests.faults.singles.listeners import black_hole, listening, read_request, reset
from tests.rigs.desk_server import DeskServer

OK = http(200, b"{}").replace(b"Connection: close\r\n", b"")
BEARER = "7b6f2a3e-0000-4000-8000-000000000001.secret-secret"


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test waits for tenths of a second where a user's program waits for seconds."""
    monkeypatch.setattr("client.core.http.CONNECT_S", 0.4)
    monkeypatch.setattr("client.core.http.READ_S", 0.6)
    monkeypatch.setattr("client.core.http.WHOLE_S", 1.5)


def client(url: str, **proxies: str) -> Http:
    return Http(url, user_agent="deskbell/test", language="en", proxies=lambda: proxies)


def error_of(one: Http, data: bytes = b"{}") -> DeskError:
    with pytest.raises(DeskError) as caught:
        one.put("/api/v1/tickets/x", data, bearer=BEARER)
    return caught.value


def test_a_port_that_swallows_connections_is_no_connection() -> None:
    with black_hole() as port:
        error = error_of(client(f"http://127.0.0.1:{port}"))
    assert (type(error), error.problem.code) == (Unreachable, "no_connection")


def test_a_server_that_never_answers_is_given_up() -> None:
    def silent(connection: socket.socket, _: int) -> None:
        read_request(connection)
        listener.release.wait(20)

    with listening(silent) as listener:
        assert type(error_of(client(listener.url))) is Unanswered


def test_an_answer_of_a_byte_at_a_time_is_given_up() -> None:
    def drip(connection: socket.socket, _: int) -> None:
        read_request(connection)
        for byte in http(200, b"{}" + b" " * 1000):
            connection.sendall(bytes([byte]))
            if listener.release.wait(0.05):
                break

    with listening(drip) as listener:
        assert type(error_of(client(listener.url))) is Unanswered


@pytest.mark.parametrize("megabytes", [1, 8])
def test_a_slow_line_takes_a_large_picture_all_the_same(megabytes: int) -> None:
    """What moves on all the time may take longer than any time-out."""
    size = megabytes * 1_000_000
    taken: list[int] = []

    def slow(connection: socket.socket, _: int) -> None:
        got = 0
        while got < size and (piece := connection.recv(size // 50)):
            got += len(piece)
            listener.release.wait(0.03)
        taken.append(got)
        connection.sendall(OK)

    with listening(slow) as listener:
        assert client(listener.url).put("/x", bytes(size)).status == 200
    assert taken[0] > size


def test_a_line_that_takes_nothing_more_is_given_up() -> None:
    def stuck(connection: socket.socket, _: int) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.recv(100)
        listener.release.wait(20)

    with listening(stuck) as listener:
        assert type(error_of(client(listener.url), bytes(20_000_000))) is Unanswered


@pytest.mark.parametrize("part", ["headers", "one header", "body", "chunks"])
def test_an_endless_answer_is_cut_short(part: str) -> None:
    sent = [0]

    def flood(connection: socket.socket, _: int) -> None:
        read_request(connection)
        start, piece = {
            "headers": (b"", b"X-More: and more\r\n" * 1000),
            "one header": (b"X: ", b"x" * 65536),
            "body": (b"\r\n", b" " * 65536),
            "chunks": (b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"),
        }[part]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + start)
        while not listener.release.is_set() and sent[0] < 50_000_000:
            connection.sendall(piece)
            sent[0] += len(piece)

    with listening(flood) as listener:
        assert type(error_of(client(listener.url))) in (Unanswered, NotOurServer)
        assert sent[0] < MAX_ANSWER + 20_000_000


def test_a_connection_reset_may_have_arrived() -> None:
    def reject(connection: socket.socket, _: int) -> None:
        read_request(connection)
        reset(connection)

    with listening(reject) as listener:
        assert type(error_of(client(listener.url))) is Unanswered


@pytest.mark.parametrize("way", ["closed", "reset", "silent"])
def test_a_connection_that_died_while_the_pc_slept_costs_one_try_at_most(way: str) -> None:
    def sleepy(connection: socket.socket, number: int) -> None:
        read_request(connection)
        connection.sendall(OK)
        if number == 1:
            asleep.wait(20)
            if way == "reset":
                reset(connection)
            if way == "silent":
                listener.release.wait(20)
            gone.set()

    asleep, gone = threading.Event(), threading.Event()
    with listening(sleepy) as listener:
        one = client(listener.url)
        assert one.get("/healthz").status == 200
        asleep.set()
        if way == "silent":
            assert type(error_of(one)) is Unanswered
        else:
            assert gone.wait(10)
        assert one.put("/x", b"{}").status == 200
    assert listener.connections == 2


def test_a_second_answer_to_one_request_is_not_taken_for_that_of_the_next() -> None:
    def twice(connection: socket.socket, _: int) -> None:
        for number in range(2):
            read_request(connection)
            connection.sendall(http(200, b'{"answer": %d}' % number).replace(b"Connection: close\r\n", b""))
            if number == 0:
                connection.sendall(http(200, b'{"answer": "planted"}'))

    with listening(twice) as listener:
        one = client(listener.url)
        answers = [one.get("/first").body["answer"], one.get("/second").body["answer"]]
    assert answers[0] == 0
    assert answers[1] in (0, 1)


@pytest.mark.parametrize("interim", [100, 102, 103])
def test_a_word_before_the_answer_loses_nothing(interim: int) -> None:
    def announce(connection: socket.socket, _: int) -> None:
        read_request(connection)
        connection.sendall(f"HTTP/1.1 {interim} Wait\r\n\r\n".encode() + http(200, b"{}"))

    with listening(announce) as listener:
        one = client(listener.url)
        try:
            assert one.get("/healthz").status == 200
        except DeskError as error:  # not understood: held and tried again, never parked
            assert type(error) in (NotOurServer, Unanswered)


def test_an_answer_before_all_was_sent_is_heard() -> None:
    """As nginx refuses what is larger than its limit."""

    def refuse(connection: socket.socket, _: int) -> None:
        connection.recv(1000)
        connection.sendall(http(413, b"<html>Request Entity Too Large</html>", "text/html"))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    with listening(refuse) as listener:
        error = error_of(client(listener.url), bytes(3_000_000))
    assert error.problem.code == "too_large"


# Names and addresses


def test_an_address_of_ipv6_that_swallows_everything_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering() as server:
        server.answer = http(200, b"{}")
        port = int(server.url.rsplit(":", 1)[1])

        def both(*_: object, **__: object) -> list[object]:
            return [
                (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            ]

        try:
            with black_hole("::1", port):
                monkeypatch.setattr(socket, "getaddrinfo", both)
                assert client("http://localhost:" + str(port)).get("/healthz").status == 200
        except OSError as error:
            pytest.skip(f"no IPv6 here: {error}")


def test_a_name_that_leads_to_somebody_else_is_not_our_server() -> None:
    with answering() as stranger:
        stranger.answer = http(404, b'{"message": "Not Found", "documentation_url": "https://example.com"}')
        assert type(error_of(client(stranger.url))) is NotOurServer


def test_a_resolver_that_fails_for_now_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    error = error_of(client("https://help.example.com"))
    assert (type(error), error.problem.code) == (Unreachable, "no_such_name")


# The real server behind a bad network


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.CUT_REQUEST, at=300),
        Fault(Kind.RESET_REQUEST, at=300),
        Fault(Kind.CUT_ANSWER, at=40),
        Fault(Kind.RESET_ANSWER, at=0),
        Fault(Kind.SLICED),
        Fault(Kind.SLOW, pause_s=0.01),
        Fault(Kind.LATE, pause_s=0.9),
        Fault(Kind.HALF_CLOSED, at=300),
        Fault(Kind.DUPLICATED),
        Fault(Kind.REPLAYED),
        Fault(Kind.STALE),
        *(Fault(Kind.SIGN_IN, at=number) for number in range(6)),
    ],
    ids=lambda fault: f"{fault.kind} {fault.at}" if fault.kind is Kind.SIGN_IN else fault.kind.value,
)
def test_a_report_through_a_bad_network_is_one_whole_ticket(
    tmp_path: Path, desk_server: DeskServer, fault: Fault
) -> None:
    def first_times(exchange: Exchange) -> Fault:
        count = sum(each.path == exchange.path for each in proxy.exchanges)
        return fault if count <= 2 else Fault()

    with FaultProxy(desk_server.url, first_times) as proxy:
        person = Client(tmp_path / "profile", proxy.url, desk_server.site_key)
        report_id = person.report()
        for _ in range(12):
            if report_id in person.delivered():
                break
            person.restart()
        assert person.delivered() == [report_id]
        assert person.needs_attention() == []
    assert {exchange.fault.kind for exchange in proxy.exchanges} >= {fault.kind}
    _assert_whole(desk_server, person, report_id)


def test_a_network_that_comes_and_goes_delivers_in_the_end(tmp_path: Path, desk_server: DeskServer) -> None:
    def flapping(exchange: Exchange) -> Fault:
        count = sum(each.path == exchange.path for each in proxy.exchanges)
        return Fault(Kind.CUT_REQUEST, at=0) if count % 2 else Fault()

    with FaultProxy(desk_server.url, flapping) as proxy:
        person = Client(tmp_path / "profile", proxy.url, desk_server.site_key)
        reports = [person.report(f"report {number}") for number in range(4)]
        for _ in range(20):
            person.restart()
        assert sorted(person.delivered()) == sorted(reports)
    for report_id in reports:
        _assert_whole(desk_server, person, report_id)


def _assert_whole(server: DeskServer, person: Client, report_id: str) -> None:
    sent = person.paths.spool / "sent" / report_id
    assert server.rows("select body from manifests where ticket_id = ?", report_id) == [
        ((sent / "manifest.json").read_bytes(),)
    ]
    awaited = "select count(*) from attachments where ticket_id = ? and received_at is null"
    assert server.rows(awaited, report_id) == [(0,)]
