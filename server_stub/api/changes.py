"""``/api/v1/changes``: what became of a device's tickets, at once or as soon as something does."""

from __future__ import annotations

import json
import time
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from server_stub.api import schema
from server_stub.api.desk import is_known
from server_stub.api.door import Door, credential
from server_stub.api.ticket_body import told
from server_stub.bell import Bell
from server_stub.connections import CONNECTION, Connection
from server_stub.later import LATER, Unanswered
from server_stub.parts import Parts
from server_stub.settings import MIB
from server_stub.store.devices import Credential
from server_stub.store.feed import News

_LONGEST_WAIT_S = 55  # proxies cut after sixty
_PAGE_BYTES = MIB
Cursor = Annotated[str, Query(max_length=64, description="From the answer before; nothing for the beginning.")]
Wait = Annotated[int, Query(ge=0, le=_LONGEST_WAIT_S, description="How many seconds to wait for a change.")]


class _Turn:
    """One request's place among those that wait."""

    __slots__ = ("_bell", "_device_id", "_until_s", "_waiter")

    def __init__(self, bell: Bell, device_id: str, wait_s: float) -> None:
        self._bell = bell
        self._device_id = device_id
        self._until_s = time.monotonic() + wait_s
        self._waiter = bell.enter(device_id)

    @property
    def is_over(self) -> bool:
        """Whether it is to be answered now, whatever there is to say."""
        return self._waiter.is_over or time.monotonic() >= self._until_s

    def admit(self) -> None:
        """It is known whose it is. Raises TooManyWaiting."""
        self._bell.admit(self._device_id, self._waiter)

    async def sleep(self) -> None:
        """Until there may be something to say, or the time is over."""
        await self._waiter.wait(self._until_s - time.monotonic())

    def end(self) -> None:
        """Nobody is there any more to be told, or the server stops."""
        self._waiter.end()

    def close(self) -> None:
        """It is answered."""
        self._bell.leave(self._device_id, self._waiter)


class ChangeRoutes:
    """The feed. It stands behind the door."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    def router(self) -> APIRouter:
        """The table of routes."""
        router = APIRouter(prefix="/api/v1", tags=["What becomes of it"], redirect_slashes=False)
        router.add_api_route(
            "/changes",
            self.changes,
            methods=["GET"],
            summary="What changed of one’s own tickets, waiting for it if wanted",
            responses={
                **schema.answers({200: schema.ChangesBody}, 401, 403, 422, 429, 503),
                304: {"description": "Nothing changed"},
            },
        )
        return router

    async def changes(self, request: Request, cursor: Cursor = "", wait: Wait = 0) -> Response:
        """The tickets that changed after `cursor`, the oldest change first, at most 50.

        With `wait` the answer is held back until there is one, or the time is over. At most four requests of a device
        may wait at once.
        """
        shown = credential(request)
        if not wait:
            return self._answer(request, await self._read(shown, cursor))
        turn = self._turn(request, shown, wait)
        answer = self._answer(request, await self._read(shown, cursor))
        turn.admit()
        return answer if answer.status_code == 200 or turn.is_over else Unanswered()

    def _turn(self, request: Request, shown: Credential, wait: int) -> _Turn:
        """This request's, begun before it looks for the first time: what changes after that rings."""
        later: list[_Turn] = request.scope[LATER]
        if not later:
            later.append(_Turn(self._parts.bell, shown.device_id, wait))
            connection: Connection | None = request.scope.get(CONNECTION)
            if connection is not None:
                connection.hold(later[0].end)
        return later[0]

    async def _read(self, shown: Credential, cursor: str) -> News:
        return await self._parts.aside(lambda: self._parts.feed.news(self._door.admit(shown).id, cursor))

    def _answer(self, request: Request, news: News) -> Response:
        """The news, or 304 where there are none for this request."""
        pieces: list[bytes] = []
        size_bytes = 0
        for ticket in news.tickets:
            pieces.append(json.dumps(told(ticket), ensure_ascii=False, separators=(",", ":")).encode())
            size_bytes += len(pieces[-1])
            if size_bytes > _PAGE_BYTES:
                break
        news = news.first(len(pieces))
        etag = f'"{news.cursor}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
        is_old = not news.tickets and not news.is_reset
        if is_old or is_known(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=headers)
        head = json.dumps({"cursor": news.cursor, "more": news.has_more, "reset": news.is_reset})
        body = b'%b, "tickets": [%b]}' % (head[:-1].encode(), b",".join(pieces))
        return Response(body, media_type="application/json", headers=headers)
