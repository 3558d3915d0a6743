"""Puts the core together, for the tray program and the command line alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from client import __version__
from client.core.desk import Desk
from client.core.engine import Engine
from client.core.errors import SignInNeeded
from client.core.events import Event, Listener
from client.core.inbox import Inbox
from client.core.lane import Inline, Jobs, Lane, OnCrash
from client.core.models import Encoded, Requester, SecretStore, Shot
from client.core.outbox import Outbox
from client.core.paths import Paths
from client.core.settings import Settings, load, proxies
from client.core.spool import Spool
from client.core.surroundings import Surroundings
from client.core.tickets.following import Following
from client.core.words import language

if TYPE_CHECKING:
    from client.core.account import Account
    from client.desks.deskbell import DeskbellServer

CLIENT = f"deskbell {__version__}"


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where work is done: `outbox` sends, `inbox` reads, the others serve the draft.

    On `listening` the desk is waited for, most of the time; None where nobody does. It is not the inbox: a panel that
    opens must not wait until something changes.
    """

    outbox: Jobs
    inbox: Jobs
    disk: Jobs
    collecting: Jobs
    encoders: tuple[Jobs, ...]
    listening: Jobs | None = None

    @property
    def all(self) -> tuple[Jobs, ...]:
        lanes = (self.outbox, self.inbox, self.disk, self.collecting, *self.encoders)
        return (*lanes, self.listening) if self.listening else lanes


def threaded(on_crash: OnCrash, *, listens: bool = True) -> Lanes:
    """Lanes of a program with windows: nothing waits for anything. `listens`: it lives on, to hear of tickets."""
    names = ("listening", "outbox", "inbox", "disk", "collecting", "encoder-1", "encoder-2")
    listening, outbox, inbox, disk, collecting, *encoders = (Lane(name, on_crash) for name in names)
    return Lanes(outbox, inbox, disk, collecting, tuple(encoders), listening if listens else None)


def inline() -> Lanes:
    """Lanes of the command line: everything at once, in order."""
    lane = Inline()
    return Lanes(lane, lane, lane, lane, (lane,))


def requester() -> Requester:
    """Whose problem it is, as this machine claims it."""
    from client.system.identity import requester as claim

    return claim()


def encode(shot: Shot) -> Encoded:
    """A shot as it is sent."""
    from client.capture.encode import encode as picture

    return picture(shot)


def secret_store(paths: Paths) -> SecretStore:
    """The operating system's credential store; for a profile apart, a private file in it."""
    from client.system.secrets import open_store, system_store

    return open_store(paths.data, None if paths.is_apart else system_store())


class Connection:
    """The desk that the settings name. Made at its first use: an idle program need not load what it takes."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._lock = threading.Lock()
        self._made: tuple[DeskbellServer, Account] | None = None

    def desk(self) -> Desk:
        """The desk. Raises SignInNeeded, which holds every report, where the settings name none."""
        return self._parts()[0]

    def sign_in(self) -> None:
        """Make this device known to the desk. Raises DeskError."""
        desk, account = self._parts()
        try:
            account.enrol(desk)
        except SignInNeeded:
            with self._lock:
                self._made = None  # the next try reads the settings anew: the site key may be put right by then
            raise

    def _parts(self) -> tuple[DeskbellServer, Account]:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> tuple[DeskbellServer, Account]:
        settings = load(self._paths.machine_config, self._paths.user_config)  # IT may have set it up meanwhile
        problem = settings.not_set_up
        if problem:
            raise SignInNeeded(problem)
        from client.core.account import Account
        from client.core.http import Http
        from client.desks.deskbell import DeskbellServer

        account = Account(
            identity=self._paths.data / "identity.json",
            open_store=lambda: secret_store(self._paths),
            site_key=settings.text("site_key"),
        )
        http = Http(
            settings.text("server"),
            user_agent=CLIENT.replace(" ", "/"),
            language=language(),
            proxies=proxies(settings.text("proxy"), settings.text("server")),
        )
        return DeskbellServer(http, account.credential, CLIENT), account


def assemble(
    paths: Paths,
    settings: Settings,
    lanes: Lanes,
    on_event: Listener,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Engine:
    """The core, ready to start. Touches neither disk nor network. `clock` is the one that the lanes go by."""
    spool = Spool(paths.spool)
    link = Connection(paths)

    def heard(event: Event) -> None:
        on_event(event)
        following.hear(event)

    outbox = Outbox(
        spool=spool,
        desk=link.desk,
        sign_in=link.sign_in,
        lane=lanes.outbox,
        on_event=heard,
        clock=clock,
        tidied=(paths.data, paths.cache),
    )
    inbox = Inbox(
        cache=paths.cache, desk=link.desk, sign_in=link.sign_in, lane=lanes.inbox, on_event=heard, clock=clock
    )
    following = Following(
        spool=spool,
        cache=paths.cache,
        told=paths.data / "told.json",
        desk=link.desk,
        sign_in=link.sign_in,
        lane=lanes.listening,
        reading=lanes.inbox,
        on_event=on_event,
        desk_info=inbox.info,
        refresh_desk=inbox.refresh,
        clock=clock,
    )
    around = Surroundings(
        spool=spool,
        disk=lanes.disk,
        collecting=lanes.collecting,
        encoders=lanes.encoders,
        encode=encode,
        requester=requester,
        on_event=on_event,
        on_saved=outbox.look,
        client=CLIENT,
        facts_off=frozenset(settings.names("facts_off")),
    )
    return Engine(
        spool=spool,
        outbox=outbox,
        inbox=inbox,
        following=following,
        around=around,
        lanes=lanes.all,
        problems=settings.problems,
    )
