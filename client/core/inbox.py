"""What the desk says of itself, kept for the next start. Reads on a lane of its own, so that sending never waits."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from client.core.desk import Desk
from client.core.durable import make_private_dir, replace
from client.core.errors import DeskError
from client.core.events import DeskChanged, Listener
from client.core.lane import Jobs
from client.core.models import Category, DeskInfo, Incident
from client.core.signing_in import signed_in

FRESH_S = 300.0


class Inbox:
    """The last known DeskInfo, and asking for a newer one. Everything here may be lost without harm."""

    def __init__(
        self,
        *,
        cache: Path,
        desk: Callable[[], Desk],
        sign_in: Callable[[], None],
        lane: Jobs,
        on_event: Listener,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = cache / "desk.json"
        self._desk = desk
        self._sign_in = sign_in
        self._lane = lane
        self._on_event = on_event
        self._clock = clock
        self._asked_at: float | None = None
        self._info: DeskInfo | None = None

    def info(self) -> DeskInfo | None:
        """As last known, None where the desk was never heard."""
        if self._info is None:
            self._info = self._read()
        return self._info

    def refresh(self) -> None:
        """Ask the desk, unless that was done a moment ago. DeskChanged follows if it says something new."""
        self._lane.put(self._ask, key="inbox.desk")

    def _ask(self) -> None:
        if self._asked_at is not None and self._clock() - self._asked_at < FRESH_S:
            return
        try:
            info = signed_in(self._desk().info, self._sign_in)
        except DeskError:
            return  # the next panel asks again; what was known stays
        self._asked_at = self._clock()
        if info == self.info():
            return
        self._info = info
        with suppress(OSError):
            make_private_dir(self._file.parent)
            replace(self._file, json.dumps(asdict(info)).encode())
        self._on_event(DeskChanged(info))

    def _read(self) -> DeskInfo | None:
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            body = json.loads(self._file.read_bytes())
            return DeskInfo(
                name=str(body["name"]),
                phone=body["phone"],
                on_duty=tuple(body["on_duty"]),
                first_answer_s=body["first_answer_s"],
                categories=tuple(Category(**item) for item in body["categories"]),
                incidents=tuple(Incident(**item) for item in body.get("incidents", ())),
            )
        return None
