"""The application: builds every part once and hangs the routes on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from argon2 import PasswordHasher
from fastapi import FastAPI
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

import assets
from server_stub.answers import Answers
from server_stub.api.changes import ChangeRoutes
from server_stub.api.conversation import ConversationRoutes
from server_stub.api.desk import DeskRoutes
from server_stub.api.devices import DeviceRoutes
from server_stub.api.docs import DocsRoutes
from server_stub.api.door import Door
from server_stub.api.health import HealthRoutes
from server_stub.api.schema import document
from server_stub.api.tickets import TicketRoutes
from server_stub.bell import Bell
from server_stub.beside import beside
from server_stub.blobs import Blobs
from server_stub.console.attachments import AttachmentRoutes
from server_stub.console.pages import Pages
from server_stub.console.routes import ConsoleRoutes
from server_stub.links import Links
from server_stub.outermost import Outermost
from server_stub.parts import THREADS, Parts
from server_stub.passwords import Passwords
from server_stub.pictures import Pictures
from server_stub.rounds import Rounds
from server_stub.settings import Settings
from server_stub.store.agents import Agents, LoginAttempts, Sessions
from server_stub.store.clock import Clock, utc_now
from server_stub.store.conversation import Conversation
from server_stub.store.database import Database
from server_stub.store.devices import Devices
from server_stub.store.feed import Feed
from server_stub.store.figures import Figures
from server_stub.store.handling import Handling
from server_stub.store.incidents import Incidents
from server_stub.store.journal import Journal
from server_stub.store.moves import Moves, Rules
from server_stub.store.own import OwnTickets
from server_stub.store.queue import Queue
from server_stub.store.revision import DistantRevision, LocalRevision, Revision
from server_stub.store.silence import Silence
from server_stub.store.tickets import Tickets
from server_stub.tally import Tally
from server_stub.watch import watch
from server_stub.words import Library


class Application(FastAPI):
    """FastAPI with our own OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = document(self)
        return self.openapi_schema


def create_app(settings: Settings, clock: Clock = utc_now, hasher: PasswordHasher | None = None) -> FastAPI:
    """The server on an initialised and migrated data folder; it holds the database until its lifespan ends."""
    parts = build(settings, clock, hasher or PasswordHasher())
    tally = Tally(clock().timestamp())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await parts.aside(parts.blobs.start)
        async with beside(watch(parts).run, Rounds(parts).run):
            yield
        parts.revision.close()
        await parts.aside(parts.database.close)

    app = Application(
        title="Deskbell",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        lifespan=lifespan,
    )
    door = Door(parts.devices)
    for routes in (
        DeviceRoutes(parts),
        TicketRoutes(parts, door),
        ConversationRoutes(parts, door),
        ChangeRoutes(parts, door),
        DeskRoutes(parts, door),
        HealthRoutes(parts, tally),
    ):
        app.include_router(routes.router())
    pages = Pages()
    for pages_of in (ConsoleRoutes(parts, pages), AttachmentRoutes(parts), DocsRoutes(app, parts, pages)):
        app.router.routes.extend(pages_of.routes())
    app.router.routes.append(Mount("/static", StaticFiles(packages=[("server_stub.console", "static")])))
    answers = Answers(parts.library, pages)
    answers.install(app)
    app.add_middleware(Outermost, tally=tally, apology=answers.draw)
    return app


def _revision(settings: Settings, database: Database) -> Revision:
    if settings.database is None:
        return LocalRevision(settings.database_path, database)
    return DistantRevision(database, settings.fresh_s)


def build(settings: Settings, clock: Clock, hasher: PasswordHasher) -> Parts:
    """The parts of a server on this data folder."""
    database = Database(settings.database_url, THREADS)
    bell = Bell()
    own = OwnTickets(database)
    journal = Journal(database, clock, bell.ring)
    moves = Moves(Rules(timedelta(days=settings.reopen_days), timedelta(days=settings.close_days)))
    return Parts(
        settings=settings,
        clock=clock,
        database=database,
        revision=_revision(settings, database),
        blobs=Blobs(settings.data),
        devices=Devices(database, clock, settings.enrolments_per_hour),
        conversation=Conversation(journal, moves, settings.reports_per_hour),
        own=own,
        feed=Feed(database, own),
        bell=bell,
        handling=Handling(journal, moves),
        silence=Silence(database, journal, moves, clock),
        tickets=Tickets(database, journal, clock, settings.reports_per_hour),
        agents=Agents(database, clock),
        incidents=Incidents(database, clock),
        queue=Queue(database),
        sessions=Sessions(database, clock, settings.session_s),
        attempts=LoginAttempts(database, clock, settings.logins_per_quarter, settings.logins_per_quarter_and_address),
        passwords=Passwords(hasher),
        pictures=Pictures(settings.data),
        links=Links(settings.key_path.read_bytes(), clock),
        figures=Figures(database),
        library=Library(assets.locale_dir()),
    )
