"""What agents do with a ticket: forms on its page, each of which leads back to it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server_stub.api.bodies import human
from server_stub.console.gate import Gate
from server_stub.console.multipart import Form, Sent
from server_stub.errors import BadRequest, NoSuchPage, NotFound, TooLarge
from server_stub.life import Act
from server_stub.manifest import UUID4, Attachment, Kind
from server_stub.parts import Parts
from server_stub.pictures import NotAPicture
from server_stub.store.agents import Agent
from server_stub.store.handling import Words
from server_stub.words import N_

Guard = Callable[[Callable[[Request, Agent], Awaitable[Response]]], Callable[[Request], Awaitable[Response]]]
Refusal = Callable[[Request, Agent, "Draft"], Awaitable[Response]]
TICKET = "/console/tickets/{ticket_id}"
_LONGEST = 20_000
_MOST_PICTURES = 10
_ACTS = {"reply": Act.REPLY, "ask": Act.ASK, "solve": Act.SOLVE, "note": Act.NOTE}


class Draft:
    """What an agent wrote and could not be taken, with the reason."""

    def __init__(self, text: str = "", reason: str = "") -> None:
        self.text = text
        self.reason = reason


class WorkRoutes:
    """The forms. `refuse` draws the ticket's page again, with the draft in it."""

    def __init__(self, parts: Parts, gate: Gate, behind: Guard, refuse: Refusal) -> None:
        self._parts = parts
        self._gate = gate
        self._behind = behind
        self._refuse = refuse

    def routes(self) -> list[Route]:
        """The table of routes."""
        acts = {"take": self.take, "assign": self.assign, "say": self.say, "reopen": self.reopen}
        return [Route(f"{TICKET}/{name}", self._behind(act), methods=["POST"]) for name, act in acts.items()]

    async def take(self, request: Request, agent: Agent) -> Response:
        """This agent has it from now on."""
        await self._gate.form(request)
        return await self._done(request, lambda ticket_id: self._parts.handling.take(ticket_id, agent.id))

    async def assign(self, request: Request, agent: Agent) -> Response:
        """Another agent has it from now on."""
        chosen = (await self._gate.form(request)).get("agent", "")
        if not re.fullmatch(r"[0-9]{1,9}", chosen):
            raise BadRequest
        assign = self._parts.handling.assign
        return await self._done(request, lambda ticket_id: assign(ticket_id, agent.id, int(chosen)))

    async def reopen(self, request: Request, agent: Agent) -> Response:
        """It goes on."""
        await self._gate.form(request)
        return await self._done(request, lambda ticket_id: self._parts.handling.reopen(ticket_id, agent.id))

    async def say(self, request: Request, agent: Agent) -> Response:
        """Reply, ask back, solve, or note something for agents alone."""
        form = await self._gate.whole_form(request)
        act, said_id = _ACTS.get(form.fields.get("act", "")), form.fields.get("id", "")
        if act is None or not re.fullmatch(UUID4, said_id):
            raise BadRequest
        text = form.fields.get("text", "").replace("\r\n", "\n")
        reason = self._wrong(form, text, act)
        if reason:
            return await self._refuse(request, agent, Draft(text, reason))
        try:
            attachments = [await self._kept(sent) for sent in form.attachments]
        except NotAPicture:
            reason = N_("Only pictures can be sent with a reply. Nothing was sent; please choose another one.")
            return await self._refuse(request, agent, Draft(text, reason))
        words = Words(said_id, text, attachments)
        return await self._done(request, lambda ticket_id: self._parts.handling.say(ticket_id, agent.id, act, words))

    def _wrong(self, form: Form, text: str, act: Act) -> str:
        """Why it cannot be taken, for the agent; empty where it can."""
        if not text.strip() and not form.attachments and act is not Act.SOLVE:
            return N_("Please write something first.")
        if len(text) > _LONGEST:
            return N_("This is too long. Please make it shorter.")
        if len(form.attachments) > _MOST_PICTURES:
            return N_("These are too many pictures at once.")
        return ""

    async def _kept(self, sent: Sent) -> Attachment:
        """A picture, made anew so that nothing but its pixels goes out, and durable. Raises NotAPicture, TooLarge."""
        parts = self._parts
        with tempfile.NamedTemporaryFile(dir=parts.settings.data / "incoming") as original:
            await parts.aside(partial(_write, Path(original.name), sent.content))
            content, media_type = await parts.painting(partial(parts.pictures.clean, Path(original.name)))
        if len(content) > parts.settings.max_attachment_bytes:
            raise TooLarge(limit=human(parts.settings.max_attachment_bytes))
        digest = sha256(content).hexdigest()
        await parts.aside(partial(self._store, content, digest))
        name = sent.name[-255:].rpartition("/")[2].rpartition("\\")[2]
        return Attachment(sha256=digest, bytes=len(content), name=name, media_type=media_type, kind=Kind.FILE)

    def _store(self, content: bytes, digest: str) -> None:
        if self._parts.blobs.has(digest, len(content)):
            return
        incoming = self._parts.blobs.incoming()
        try:
            incoming.write(content)
            incoming.keep(digest)
        finally:
            incoming.discard()

    async def _done(self, request: Request, work: Callable[[str], None]) -> Response:
        ticket_id = request.path_params["ticket_id"]
        if not re.fullmatch(UUID4, ticket_id):
            raise NoSuchPage
        try:
            await self._parts.aside(lambda: work(ticket_id))
        except NotFound as error:
            raise NoSuchPage from error
        return RedirectResponse(f"/console/tickets/{ticket_id}#latest", 303)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
