"""Who takes for ever to say something is not waited for."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from server_stub.connections import Connection, allow_many
from tests.server.rig import Device, Server, attachment, digest, manifest
from tests.server.test_reports import assert_nothing_kept

HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Filler: "


def connected(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=20)


def is_answered(connection: socket.socket, within_s: float) -> bool:
    """Whether the server says something, or hangs up."""
    return bool(select.select([connection], [], [], within_s)[0])


def ask(connection: socket.socket) -> None:
    """One request, and all of its answer."""
    connection.sendall(HEAD + b"\r\n\r\n")
    answer = b""
    while not answer.endswith(b"}"):
        answer += connection.recv(1000)
    assert answer.startswith(b"HTTP/1.1 200 ")


def drip(connection: socket.socket, text: bytes) -> bytes:
    """A byte every few hundredths of a second, until the server has had enough; what it says then."""
    for byte in text:
        connection.sendall(bytes([byte]))
        if is_answered(connection, 0.03):
            try:
                return connection.recv(1000)
            except ConnectionResetError:
                return b""
    raise AssertionError("all of it was waited for")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, server: Server) -> Server:
    monkeypatch.setattr(Connection, "head_s", 0.4)
    return server


def test_a_head_that_comes_a_byte_at_a_time_is_not_waited_for(impatient: Server) -> None:
    with connected(impatient) as connection:
        assert drip(connection, HEAD + b"x" * 1000) == b""


def test_nor_is_the_second_head_on_a_connection(impatient: Server) -> None:
    with connected(impatient) as connection:
        ask(connection)
        assert drip(connection, HEAD + b"x" * 1000) == b""


def test_who_says_nothing_is_hung_up_on(impatient: Server) -> None:
    with connected(impatient) as connection:
        assert connection.recv(1) == b""


def test_between_two_requests_nobody_is_hurried(impatient: Server) -> None:
    with connected(impatient) as connection:
        for _ in range(2):
            ask(connection)
            assert not is_answered(connection, 0.8)


def test_a_body_may_take_longer_than_a_head(impatient: Server) -> None:
    with connected(impatient) as connection:
        body = b'{"site_key": "'
        device = Device(impatient)
        connection.sendall(
            f"PUT /api/v1/devices/{device.id} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
            f"Authorization: {device.headers['Authorization']}\r\n\r\n".encode()
            + body
        )
        assert not is_answered(connection, 0.8)
        connection.sendall(b" " * (1000 - len(body)))
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("form", ["attachment", "manifest", "whole"])
def test_a_body_that_comes_a_byte_at_a_time_is_not_waited_for(serve: Callable[..., Server], form: str) -> None:
    device = serve(stall_s=0.4).device()
    content = os.urandom(5000)
    report = manifest(attachments=[attachment(content)])
    path, media_type = f"/api/v1/tickets/{report['report_id']}", "application/json"
    if form == "attachment":
        device.submit(report)
        path += f"/attachments/{digest(content)}"
    if form == "whole":
        media_type = "application/vnd.deskbell.report; manifest=1000"
    with connected(device.server) as connection:
        connection.sendall(
            f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\nContent-Type: {media_type}\r\n"
            f"Authorization: {device.headers['Authorization']}\r\n\r\n".encode()
        )
        assert drip(connection, content).startswith(b"HTTP/1.1 503 ")
    assert_nothing_kept(device.server)


def test_the_server_may_hold_as_many_connections_as_the_system_allows() -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[0], 512), before[1]))
    try:
        allow_many()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= min(before[1], 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
