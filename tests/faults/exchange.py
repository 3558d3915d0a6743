"""What can happen to one request and its answer on the way, and what did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

SIGN_IN_PAGES = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 34\r\n\r\n<html>Please sign in first.</html>",
    b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/login\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 511 Network Authentication Required\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
    b"HTTP/1.1 204 No Content\r\n\r\n",
)


class Kind(StrEnum):
    NONE = "none"
    CUT_REQUEST = "cut request"  # the server gets the first `at` bytes, then both sides are closed
    CUT_ANSWER = "cut answer"  # the server has answered; the client gets the first `at` bytes, then is closed
    RESET_REQUEST = "reset request"  # the same with a reset instead of an end
    RESET_ANSWER = "reset answer"
    SLICED = "sliced"  # single bytes, both ways
    SLOW = "slow"  # ten pieces each way, `pause_s` between them
    LATE = "late"  # the answer comes `pause_s` later
    HALF_CLOSED = "half-closed"  # after `at` bytes of the request the server reads its end, and may still answer
    DUPLICATED = "duplicated"  # the server gets the request twice, at the same time
    REPLAYED = "replayed"  # an earlier request (the one `at` back) reaches the server again just before this one
    STALE = "stale"  # the answer to an earlier request; the server hears nothing
    SIGN_IN = "sign-in page"  # page `at` of SIGN_IN_PAGES; the server hears nothing


@dataclass(frozen=True, slots=True)
class Fault:
    kind: Kind = Kind.NONE
    at: int = 0
    pause_s: float = 0.02


@dataclass(slots=True)
class Exchange:
    """One request and what became of it. Sizes are bytes of head and body; 0 where none came."""

    number: int
    method: str
    path: str
    request_bytes: int
    fault: Fault = Fault()
    reached_bytes: int = 0  # so much of the request went to the server
    status: int = 0  # as the server answered, whether or not the client heard it
    answer_bytes: int = 0
    at_once: int = 1  # exchanges under way when this one began, with it


Choose = Callable[[Exchange], Fault]
