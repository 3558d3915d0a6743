"""The proxy is exact: what reaches the server and what comes back is counted in bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from tests.faults.exchange import SIGN_IN_PAGES, Fault, Kind
from tests.faults.proxy import FaultProxy
from tests.rigs.waiting import wait_until

REQUEST = b"PUT /x HTTP/1.1\r\nHost: desk\r\nContent-Length: 5\r\n\r\nhello"
ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\ndone"


@dataclass
class Counting:
    """A server that answers whole requests of the size of REQUEST and keeps what came on each connection."""

    url: str = ""
    came: list[bytes] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(ConnectionResetError):
                data = b""
                while len(data) < len(REQUEST) and (piece := connection.recv(1000)):
                    data += piece
                if len(data) == len(REQUEST):
                    connection.sendall(ANSWER)
                self.came.append(data)


@contextmanager
def counting() -> Iterator[Counting]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        told = Counting(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=told.serve, args=(listener,), daemon=True)
        thread.start()
        yield told
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def ask(proxy: FaultProxy, request: bytes = REQUEST) -> bytes | None:
    """What a client reads that sends one request and ends; None where the connection was reset."""
    parts = urlsplit(proxy.url)
    with socket.create_connection((parts.hostname, parts.port), 10) as client:
        try:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := client.recv(1000):
                answer += piece
        except ConnectionResetError:
            return None
        return answer


@pytest.mark.parametrize("at", [0, 1, 20, len(REQUEST) - 5, len(REQUEST) - 1, len(REQUEST)])
def test_a_request_is_cut_after_each_byte(at: int) -> None:
    with counting() as server, FaultProxy(server.url, lambda _: Fault(Kind.CUT_REQUEST, at)) as proxy:
        assert ask(proxy) == b""
        assert wait_until(lambda: server.came, "the server to have read it") == [REQUEST[:at]]
        assert proxy.exchanges[0].reached_bytes == at


@pytest.mark.parametrize("at", [0, 1, len(ANSWER) - 4, len(ANSWER)])
def test_an_answer_is_cut_after_each_byte(at: int) -> None:
    with counting() as server, FaultProxy(server.url, lambda _: Fault(Kind.CUT_ANSWER, at)) as proxy:
        assert ask(proxy) == ANSWER[:at]
        assert server.came == [REQUEST]
        assert (proxy.exchanges[0].status, proxy.exchanges[0].answer_bytes) == (201, len(ANSWER))


@pytest.mark.parametrize("kind", [Kind.RESET_REQUEST, Kind.RESET_ANSWER])
def test_a_reset_is_no_end(kind: Kind) -> None:
    with counting() as server, FaultProxy(server.url, lambda _: Fault(kind, 3)) as proxy:
        assert ask(proxy) in (None, ANSWER[:3])  # what came before a reset may be read or not


@pytest.mark.parametrize("kind", [Kind.NONE, Kind.SLICED, Kind.SLOW, Kind.LATE])
def test_what_is_slow_is_whole(kind: Kind) -> None:
    with counting() as server, FaultProxy(server.url, lambda _: Fault(kind, pause_s=0.001)) as proxy:
        assert ask(proxy) == ANSWER
        assert server.came == [REQUEST]


def test_a_duplicate_reaches_the_server_twice() -> None:
    with counting() as server, FaultProxy(server.url, lambda _: Fault(Kind.DUPLICATED)) as proxy:
        assert ask(proxy) == ANSWER
        assert wait_until(lambda: len(server.came) == 2 and server.came, "both") == [REQUEST, REQUEST]


def test_an_earlier_request_comes_again_before_the_next() -> None:
    other = REQUEST.replace(b"hello", b"other")
    faults = {0: Fault(), 1: Fault(Kind.REPLAYED)}
    with counting() as server, FaultProxy(server.url, lambda exchange: faults[exchange.number]) as proxy:
        assert [ask(proxy), ask(proxy, other)] == [ANSWER, ANSWER]
        assert server.came == [REQUEST, REQUEST, other]


@pytest.mark.parametrize(("kind", "answer"), [(Kind.STALE, ANSWER), (Kind.SIGN_IN, SIGN_IN_PAGES[0])])
def test_an_answer_that_the_server_did_not_give(kind: Kind, answer: bytes) -> None:
    faults = {0: Fault(), 1: Fault(kind)}
    with counting() as server, FaultProxy(server.url, lambda exchange: faults[exchange.number]) as proxy:
        assert [ask(proxy), ask(proxy)] == [ANSWER, answer]
        assert server.came == [REQUEST]


def test_half_a_request_and_its_end() -> None:
    with counting() as server, FaultProxy(server.url, lambda _: Fault(Kind.HALF_CLOSED, 7)) as proxy:
        assert ask(proxy) == b""
        assert server.came == [REQUEST[:7]]


def test_it_goes_down_and_comes_back() -> None:
    with counting() as server, FaultProxy(server.url) as proxy:
        assert ask(proxy) == ANSWER
        proxy.go_down()
        with pytest.raises(ConnectionRefusedError):
            ask(proxy)
        proxy.come_back()
        assert ask(proxy) == ANSWER


def test_several_requests_on_one_connection() -> None:
    with counting() as server, FaultProxy(server.url) as proxy:
        assert ask(proxy, REQUEST + REQUEST) == ANSWER + ANSWER
        assert [exchange.at_once for exchange in proxy.exchanges] == [1, 1]
