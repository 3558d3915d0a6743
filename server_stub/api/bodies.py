"""Reading what a request brings, never more than is allowed, never waiting for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
from starlette.requests import Request

from server_stub.errors import LengthRequired, TooLarge, Unavailable, UnsupportedMediaType
from server_stub.words import N_

_KIB = 1024
# Bytes a second. A body that comes more slowly over minutes holds a connection and brings nothing; clients give up at
# eight times as many.
_SLOWEST = _KIB


class Body:
    """The body in pieces. Raises Unavailable when nothing comes for `stall_s`, or next to nothing for longer."""

    def __init__(self, request: Request, stall_s: float) -> None:
        self._stream = request.stream()
        self._stall_s = stall_s
        self._began_s = anyio.current_time()
        self._received_bytes = 0
        self._ahead = bytearray()

    async def take(self, size_bytes: int) -> bytearray:
        """The next bytes, so many; fewer at the end of the body alone."""
        if len(self._ahead) < size_bytes:
            self._ahead += await self.piece(size_bytes - len(self._ahead))
        taken = self._ahead[:size_bytes]
        del self._ahead[:size_bytes]
        return taken

    async def piece(self, size_bytes: int) -> bytearray:
        """The next bytes, so many or some more; fewer at the end of the body alone."""
        piece = bytearray()
        try:
            # One time limit that moves on with each chunk: setting one up costs more than a chunk does.
            with anyio.fail_after(self._stall_s) as patience:
                patience.deadline = self._deadline_s()
                while len(piece) < size_bytes and (chunk := await anext(self._stream, b"")):
                    piece += chunk
                    self._received_bytes += len(chunk)
                    patience.deadline = self._deadline_s()
        except TimeoutError:
            raise Unavailable(N_("The rest did not arrive in time. Please send it again.")) from None
        return piece

    def _deadline_s(self) -> float:
        slow_s = self._began_s + self._received_bytes / _SLOWEST
        return min(anyio.current_time(), slow_s) + self._stall_s


async def pieces(request: Request, size_bytes: int, stall_s: float) -> AsyncIterator[bytearray]:
    """The body in pieces of `size_bytes` or more, but the last. Raises Unavailable."""
    body = Body(request, stall_s)
    while piece := await body.piece(size_bytes):
        yield piece


async def whole(request: Request, limit_bytes: int, stall_s: float) -> bytes:
    """The body in one piece. Raises TooLarge, UnsupportedMediaType, Unavailable."""
    refuse_encodings(request)
    if (announced_bytes(request) or 0) > limit_bytes:
        raise TooLarge(limit=human(limit_bytes))
    body = await Body(request, stall_s).piece(limit_bytes + 1)
    if len(body) > limit_bytes:
        raise TooLarge(limit=human(limit_bytes))
    return bytes(body)


async def whole_json(request: Request, limit_bytes: int, stall_s: float) -> bytes:
    """The body in one piece, refused where it calls itself something else than JSON."""
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaType
    return await whole(request, limit_bytes, stall_s)


def required_bytes(request: Request, limit_bytes: int) -> int:
    """The length that the body announces. Raises LengthRequired, TooLarge, UnsupportedMediaType."""
    refuse_encodings(request)
    length = announced_bytes(request)
    if length is None:
        raise LengthRequired
    if length > limit_bytes:
        raise TooLarge(limit=human(limit_bytes))
    return length


def announced_bytes(request: Request) -> int | None:
    """``Content-Length``, or None where the body comes without one."""
    if "transfer-encoding" in request.headers:
        return None
    value = request.headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else None


def refuse_encodings(request: Request) -> None:
    """Bodies are sent as they are: a compressed one could grow beyond every limit. Raises UnsupportedMediaType."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType


def human(limit_bytes: int) -> str:
    """A limit as it stands in the documentation: ``25 MiB``, ``256 KiB``."""
    mib, rest = divmod(limit_bytes, _KIB * _KIB)
    return f"{mib} MiB" if mib and not rest else f"{limit_bytes // _KIB} KiB"
