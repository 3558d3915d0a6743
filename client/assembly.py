"""Puts the core together, for the tray program and the command line alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from client import __version__
from client.core.desk import Desk
from client.core.draft import Surroundings
from client.core.engine import Engine
from client.core.errors import ConfigError, Problem
from client.core.events import Listener
from client.core.inbox import Inbox
from client.core.lane import Inline, Jobs, Lane, OnCrash
from client.core.models import Encoded, Requester, SecretStore, Shot
from client.core.outbox import Outbox
from client.core.paths import Paths
from client.core.settings import Settings, proxies
from client.core.spool import Spool
from client.core.words import language

CLIENT = f"deskbell {__version__}"


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where work is done: `outbox` sends, `inbox` reads, the others serve the draft."""

    outbox: Jobs
    inbox: Jobs
    disk: Jobs
    collecting: Jobs
    encoders: tuple[Jobs, ...]

    @property
    def all(self) -> tuple[Jobs, ...]:
        return (self.outbox, self.inbox, self.disk, self.collecting, *self.encoders)


def threaded(on_crash: OnCrash) -> Lanes:
    """Lanes of a program with windows: nothing waits for anything."""
    names = ("outbox", "inbox", "disk", "collecting", "encoder-1", "encoder-2")
    outbox, inbox, disk, collecting, *encoders = (Lane(name, on_crash) for name in names)
    return Lanes(outbox, inbox, disk, collecting, tuple(encoders))


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


def connect(paths: Paths, settings: Settings) -> tuple[Desk | None, Callable[[], None], Problem | None]:
    """The desk, how to sign in to it, and why there is none where there is none."""
    problem = settings.not_set_up
    if problem:
        return None, lambda: None, problem
    from client.core.account import Account
    from client.core.http import Http
    from client.desks.deskbell import DeskbellServer

    account = Account(
        identity=paths.data / "identity.json",
        open_store=lambda: secret_store(paths),
        site_key=settings.text("site_key"),
        requester=requester,
    )
    try:
        http = Http(
            settings.text("server"),
            user_agent=CLIENT.replace(" ", "/"),
            language=language(),
            proxies=proxies(settings.text("proxy")),
        )
    except ConfigError as error:
        return None, lambda: None, error.problem
    desk = DeskbellServer(http, account.credential, CLIENT)
    return desk, lambda: account.enrol(desk), None


def assemble(paths: Paths, settings: Settings, lanes: Lanes, on_event: Listener) -> Engine:
    """The core, ready to start. Touches neither disk nor network."""
    spool = Spool(paths.spool)
    desk, sign_in, not_set_up = connect(paths, settings)
    outbox = Outbox(
        spool=spool, desk=desk, sign_in=sign_in, lane=lanes.outbox, on_event=on_event, not_set_up=not_set_up
    )
    inbox = Inbox(cache=paths.cache, desk=desk, sign_in=sign_in, lane=lanes.inbox, on_event=on_event)
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
    return Engine(spool=spool, outbox=outbox, inbox=inbox, around=around, lanes=lanes.all, problems=settings.problems)
