"""Wakes the requests that wait for a change of their device's tickets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from server_stub.errors import TooManyWaiting

MOST_PER_DEVICE = 4
_RETRY_S = 5


class Waiter:
    """One request that waits. It costs a future and a timer, and nothing while nothing happens."""

    __slots__ = ("_is_rung", "_wake", "is_admitted", "is_over")

    def __init__(self) -> None:
        self.is_admitted = False
        self.is_over = False
        self._is_rung = False
        self._wake: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """Wake it; one that does not sleep yet will not."""
        self._is_rung = True
        if self._wake is not None:
            _end(self._wake)

    def end(self) -> None:
        """Wake it for good: nobody is there any more to be told, or the server stops."""
        self.is_over = True
        if self._wake is not None:
            _end(self._wake)

    async def wait(self, seconds: float) -> None:
        """Sleep until it is rung, or it is over, or the time is. Rings before it count."""
        if not self._is_rung and not self.is_over:
            loop = asyncio.get_running_loop()
            self._wake = loop.create_future()
            timer = loop.call_later(seconds, _end, self._wake)
            try:
                await self._wake
            finally:
                timer.cancel()
                self._wake = None
        self._is_rung = False


class Bell:
    """Keyed by device. `ring` and `ring_all` may be called from any thread; all else belongs to the event loop."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[Waiter]] = {}
        self._awaited = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def awaited(self) -> None:
        """Until somebody waits."""
        await self._awaited.wait()

    def enter(self, device_id: str) -> Waiter:
        """One that is rung from now on, whoever it turns out to be: a change must not slip in while that is asked."""
        self._loop = asyncio.get_running_loop()
        waiter = Waiter()
        self._waiting.setdefault(device_id, set()).add(waiter)
        self._awaited.set()
        return waiter

    def leave(self, device_id: str, waiter: Waiter) -> None:
        """It waits no longer."""
        waiting = self._waiting[device_id]
        waiting.discard(waiter)
        if not waiting:
            del self._waiting[device_id]
        if not self._waiting:
            self._awaited.clear()

    def admit(self, device_id: str, waiter: Waiter) -> None:
        """Let it wait: it is that device's. Raises TooManyWaiting; strangers take no place away."""
        if waiter.is_admitted:
            return
        if sum(each.is_admitted for each in self._waiting[device_id]) >= MOST_PER_DEVICE:
            raise TooManyWaiting(retry_after_s=_RETRY_S)
        waiter.is_admitted = True

    def ring(self, device_id: str) -> None:
        """Wake whoever waits for this device."""
        self.ring_all((device_id,))

    def ring_all(self, device_ids: Iterable[str]) -> None:
        """Wake whoever waits for any of these."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ring, tuple(device_ids))

    def _ring(self, device_ids: tuple[str, ...]) -> None:
        for device_id in device_ids:
            for waiter in self._waiting.get(device_id, ()):
                waiter.ring()


def _end(wake: asyncio.Future[None]) -> None:
    if not wake.done():
        wake.set_result(None)
