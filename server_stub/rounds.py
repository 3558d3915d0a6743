"""What the server does every few minutes, whoever asks or does not."""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy.exc import SQLAlchemyError

from server_stub.parts import Parts

log = logging.getLogger(__name__)

_EVERY_S = 300.0


class Rounds:
    """Closes what silence closes, at the start and from then on. Several servers on one database may all do so."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self) -> None:
        """Go round until it is cancelled."""
        while True:
            try:
                await self._parts.aside(self._parts.silence.close_due)
            except SQLAlchemyError as error:
                log.warning("cannot close tickets: %s", type(error).__qualname__)
            await asyncio.sleep(_EVERY_S)
