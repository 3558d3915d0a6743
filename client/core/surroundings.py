"""What the program around a draft gives it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from client.core.events import Listener
from client.core.lane import Jobs
from client.core.models import Encoded, Requester, Shot
from client.core.spool import Spool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a draft needs of the program around it."""

    spool: Spool
    disk: Jobs
    collecting: Jobs
    encoders: Sequence[Jobs]
    encode: Callable[[Shot], Encoded]
    requester: Callable[[], Requester]
    on_event: Listener
    on_saved: Callable[[], None]
    client: str
    facts_off: frozenset[str] = frozenset()
