"""Work that a server does beside its requests, for as long as it runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from server_stub.outermost import where

log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[None]]
_AGAIN_S = 30.0


@asynccontextmanager
async def beside(*jobs: Job) -> AsyncIterator[None]:
    """Run these until the block ends. One that fails is logged and begun again after a while."""
    tasks = [asyncio.create_task(_kept_up(job)) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _kept_up(job: Job) -> None:
    while True:
        try:
            await job()
        except Exception as error:
            log.error("fault beside the requests\n%s", where(error))
        await asyncio.sleep(_AGAIN_S)
