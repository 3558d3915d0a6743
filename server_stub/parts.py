"""What the routes are made of, built once by the application and handed to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
import anyio.to_thread
from starlette.requests import Request

from server_stub.bell import Bell
from server_stub.blobs import Blobs
from server_stub.links import Links
from server_stub.passwords import Passwords
from server_stub.pictures import Pictures
from server_stub.settings import Settings
from server_stub.store.agents import Agents, LoginAttempts, Sessions
from server_stub.store.clock import Clock
from server_stub.store.conversation import Conversation
from server_stub.store.database import Database
from server_stub.store.devices import Devices
from server_stub.store.feed import Feed
from server_stub.store.figures import Figures
from server_stub.store.handling import Handling
from server_stub.store.incidents import Incidents
from server_stub.store.own import OwnTickets
from server_stub.store.queue import Queue
from server_stub.store.revision import Revision
from server_stub.store.silence import Silence
from server_stub.store.tickets import Tickets
from server_stub.words import Library, Words

Result = TypeVar("Result")
THREADS = 16
# One check of a password takes 64 MiB and a core.
_HASHERS = 2
# One picture may take 500 MB while it is copied. They wait for each other here, where nothing else waits.
_PAINTERS = 2
_LONGEST_ADDRESS = 64


@dataclass(frozen=True)
class Parts:
    """The stores, the limits and the words of one server."""

    settings: Settings
    clock: Clock
    database: Database
    revision: Revision
    blobs: Blobs
    devices: Devices
    tickets: Tickets
    conversation: Conversation
    own: OwnTickets
    feed: Feed
    bell: Bell
    handling: Handling
    silence: Silence
    agents: Agents
    incidents: Incidents
    queue: Queue
    sessions: Sessions
    attempts: LoginAttempts
    passwords: Passwords
    pictures: Pictures
    links: Links
    figures: Figures
    library: Library
    threads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(THREADS))
    hashers: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_HASHERS))
    painters: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_PAINTERS))

    async def aside(self, work: Callable[[], Result]) -> Result:
        """Run work that waits for a disk or a database beside the event loop."""
        return await anyio.to_thread.run_sync(work, limiter=self.threads)

    async def hashing(self, work: Callable[[], Result]) -> Result:
        """Run work that takes a core for itself, little of it at once."""
        return await anyio.to_thread.run_sync(work, limiter=self.hashers)

    async def painting(self, work: Callable[[], Result]) -> Result:
        """Run work on pixels, little of it at once."""
        return await anyio.to_thread.run_sync(work, limiter=self.painters)

    def words(self, request: Request) -> Words:
        """The texts in the language that the request asks for."""
        return self.library.words(request.headers.get("accept-language"))


def peer(request: Request) -> str:
    """The address that a request came from; what a proxy made of it is no longer than an address can be."""
    return request.client.host[:_LONGEST_ADDRESS] if request.client else ""
