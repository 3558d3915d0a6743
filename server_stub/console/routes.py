"""The console's pages. All but the log-in stand behind it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from server_stub.console.gate import COOKIE, Gate
from server_stub.console.pages import Pages
from server_stub.console.ticket_view import TicketDesk
from server_stub.console.work import TICKET, Draft, WorkRoutes
from server_stub.errors import BadRequest, NoSuchPage
from server_stub.manifest import UUID4
from server_stub.parts import Parts, peer
from server_stub.store.agents import Agent
from server_stub.store.queue import Show

Page = Callable[[Request, Agent], Awaitable[Response]]
HOME = "/console/"
_LOGIN = "/console/login"
_OURS = re.compile(r"/console/(tickets/[0-9a-f-]{36})?(\?(show=[a-z]{1,10})?(&?(before|after)=\d{1,9})?)?")
_NUMBER = re.compile(r"\d{1,9}")
_LONGEST = 1000


class ConsoleRoutes:
    """Log-in, the queue, and one page for each ticket."""

    def __init__(self, parts: Parts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages
        self._gate = Gate(parts)
        self._desk = TicketDesk(parts.blobs, parts.pictures, parts.links)
        self._work = WorkRoutes(parts, self._gate, self._behind, self._ticket)

    def routes(self) -> list[Route]:
        """The table of routes."""
        return [
            Route("/", self.root, methods=["GET"]),
            Route("/console", self.root, methods=["GET"]),
            Route(_LOGIN, self.login_page, methods=["GET"]),
            Route(_LOGIN, self.login, methods=["POST"]),
            Route(HOME, self._behind(self.queue), methods=["GET"]),
            Route(TICKET, self._behind(self.ticket), methods=["GET"]),
            *self._work.routes(),
            Route("/console/duty", self._behind(self.duty), methods=["POST"]),
            Route("/console/logout", self._behind(self.logout), methods=["POST"]),
        ]

    async def root(self, _request: Request) -> Response:
        """The console is the only thing here for people."""
        return RedirectResponse(HOME, 303)

    async def login_page(self, request: Request) -> Response:
        """The form to log in."""
        if await self._gate.agent(request):
            return RedirectResponse(HOME, 303)
        back = _back(request.query_params.get("back"))
        return self._page(request, "login.html", agent=None, back=back, login="", is_wrong=False)

    async def login(self, request: Request) -> Response:
        """Check a password and start a session. Raises TooManyLogins."""
        parts = self._parts
        form = await self._gate.form(request)
        login, password = form.get("login", "")[:_LONGEST], form.get("password", "")[:_LONGEST]
        back = _back(form.get("back"))
        address = peer(request)
        await parts.aside(lambda: parts.attempts.note(login, address))
        known = await parts.aside(lambda: parts.agents.login(login))
        password_hash = known.password_hash if known else None
        is_right = await parts.hashing(lambda: parts.passwords.is_right(password, password_hash))
        if known is None or not is_right:
            return self._page(request, "login.html", 403, agent=None, back=back, login=login, is_wrong=True)
        before = request.cookies.get(COOKIE)
        agent_id = known.agent_id

        def begin() -> str:
            parts.attempts.forgive(login)
            return parts.sessions.open(agent_id, instead_of=before)

        token = await parts.aside(begin)
        response = RedirectResponse(back, 303)
        self._gate.let_in(request, response, token)
        return response

    async def logout(self, request: Request, agent: Agent) -> Response:
        """End this session, or all of this agent's."""
        form = await self._gate.form(request)
        sessions = self._parts.sessions
        if form.get("where") == "everywhere":
            await self._parts.aside(lambda: sessions.close_all(agent.id))
        else:
            await self._parts.aside(lambda: sessions.close(request.cookies[COOKIE]))
        response = RedirectResponse(_LOGIN, 303)
        self._gate.let_out(request, response)
        return response

    async def duty(self, request: Request, agent: Agent) -> Response:
        """Say whether this agent is there for requesters."""
        form = await self._gate.form(request)
        if form.get("on") not in ("yes", "no"):
            raise BadRequest
        await self._parts.aside(lambda: self._parts.agents.set_duty(agent.id, form["on"] == "yes"))
        return RedirectResponse(_back(form.get("back")), 303)

    async def queue(self, request: Request, agent: Agent) -> Response:
        """The tickets, newest first."""
        before, after = (_number(request.query_params.get(name)) for name in ("before", "after"))
        show = _show(request.query_params.get("show"))
        page = await self._parts.aside(lambda: self._parts.queue.page(show, agent.id, before, after))
        is_first = before is None and page.newer is None
        return self._page(request, "queue.html", agent=agent, page=page, is_first=is_first, show=show)

    async def ticket(self, request: Request, agent: Agent) -> Response:
        """One ticket."""
        return await self._ticket(request, agent, Draft())

    async def _ticket(self, request: Request, agent: Agent, draft: Draft) -> Response:
        ticket_id = request.path_params["ticket_id"]
        words = self._parts.words(request)
        is_one = re.fullmatch(UUID4, ticket_id)
        ticket = await self._parts.aside(lambda: self._parts.queue.ticket(ticket_id)) if is_one else None
        if ticket is None:
            raise NoSuchPage
        view = await self._parts.aside(lambda: self._desk.view(ticket, words))
        agents = await self._parts.aside(self._parts.agents.all)
        # The form brings this id along: sent twice, it is one comment.
        values = {"agents": agents, "draft": draft, "said_id": str(uuid.uuid4())}
        status = 422 if draft.reason else 200
        return self._page(request, "ticket.html", status, agent=agent, ticket=view, **values)

    def _behind(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            agent = await self._gate.agent(request)
            if agent is not None:
                return await page(request, agent)
            back = _back(_here(request)) if request.method == "GET" else HOME
            return RedirectResponse(_LOGIN if back == HOME else f"{_LOGIN}?back={quote(back, safe='')}", 303)

        return guarded

    def _page(self, request: Request, name: str, status: int = 200, **values: object) -> Response:
        words = self._parts.words(request)
        html = self._pages.draw(name, words, now=self._parts.clock(), here=_back(_here(request)), **values)
        headers = {"Cache-Control": "no-store", "Content-Language": words.language, "Vary": "Accept-Language, Cookie"}
        return HTMLResponse(html, status, headers)


def _here(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def _back(path: str | None) -> str:
    """A page of the console to go back to; anything else leads to the queue."""
    return path if path and _OURS.fullmatch(path) else HOME


def _show(text: str | None) -> Show:
    return Show(text) if text in list(Show) else Show.OPEN


def _number(text: str | None) -> int | None:
    return int(text) if text and _NUMBER.fullmatch(text) and text.isascii() else None
