"""Everybody who may ask the server for something, with what is theirs and what is not."""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import update

from server_stub.links import Form, Links, Wanted
from server_stub.settings import Settings
from server_stub.store.agents import Agents, Sessions
from server_stub.store.database import Database
from server_stub.store.devices import Devices
from server_stub.store.tables import tickets
from tests.faults.premises import FORMER_LOGIN, LOGIN, Premises
from tests.server.rig import PASSWORD, Device, FakeClock, Server, attachment, digest, manifest, png

COLLEAGUE = "cleo"
OWN, FOREIGN, ABSENT, DELETED = OBJECTS = ("own", "foreign", "absent", "deleted")
Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """A report that is, or could be, at the server. `words` are in its text and nowhere else."""

    id: str
    words: str
    manifest: bytes
    picture: bytes


@dataclass(frozen=True, slots=True)
class Principal:
    """One who asks. `kind` is a column of the table; `headers` are made anew for each request."""

    name: str
    kind: str
    headers: Callable[[], Headers]
    device_id: str
    other_device_id: str
    reports: Mapping[str, Report] = field(repr=False)


class Cast:
    """Makes the principals at a server that answers, and the objects that they ask for."""

    def __init__(self, premises: Premises, database: Database, server: Server, clock: FakeClock) -> None:
        self._premises = premises
        self._database = database
        self._server = server
        self._clock = clock
        self._links = Links(Settings(premises.data).key_path.read_bytes(), clock)

    def principals(self) -> list[Principal]:
        """Everybody. The clock moves on by a day, so that one session is over."""
        sessions = Sessions(self._database, self._clock, Settings(self._premises.data).session_s)
        agents = Agents(self._database, self._clock)
        agents.add(COLLEAGUE, COLLEAGUE.title(), "x")
        ids = {login: agents.login(login) for login in (LOGIN, FORMER_LOGIN, COLLEAGUE)}
        known = {login: found.agent_id for login, found in ids.items() if found}
        self.colleague_id = known[COLLEAGUE]
        ended = {"expired session": sessions.open(known[LOGIN], None)}
        self._clock.forward(days=1)
        ended["session that was logged out"] = sessions.open(known[LOGIN], None)
        sessions.close(ended["session that was logged out"])
        ended["session of an agent who was shut out"] = sessions.open(known[FORMER_LOGIN], None)
        agents.disable(FORMER_LOGIN)
        return self._devices() + self._without(ended) + self._agents(known[LOGIN])

    def link(self, what: str, report: Report) -> str:
        """The last part of an attachment's address: a good link, or one that somebody made up."""
        links = Links(bytes(32), self._clock) if what in (FOREIGN, ABSENT) else self._links
        return links.token(Wanted(report.id, 0, Form.ORIGINAL))

    def _devices(self) -> list[Principal]:
        server = self._server
        device, peer, revoked, holder = (server.device() for _ in range(4))
        abroad = Server(server.url, self._premises.other_site_key, server.data).device()
        owners = {"own device": device, "another device of the site": peer, "another site's device": abroad}
        owners |= {"revoked device": revoked, "holder": holder}
        own = {name: self._filed(owner) for name, owner in owners.items()}
        deleted = {name: self._filed(owner, is_deleted=True) for name, owner in owners.items()}
        assert holder.submit(own["own device"].manifest).status_code == 200
        assert Devices(self._database, self._clock, 0).revoke(revoked.id)

        def objects(name: str) -> dict[str, Report]:
            other = "another device of the site" if name == "own device" else "own device"
            return {OWN: own[name], FOREIGN: own[other], ABSENT: report(), DELETED: deleted[name]}

        others = dict.fromkeys(owners, device.id) | {"own device": peer.id}
        kinds = {"revoked device": "revoked", "holder": "holder"}
        found = [
            Principal(name, kinds.get(name, "device"), _shows(owner.headers), owner.id, others[name], objects(name))
            for name, owner in owners.items()
        ]
        impostor, stranger, self._of_others = Device(server, device.id), Device(server), objects("own device")
        return [
            *found,
            Principal("wrong secret", "impostor", _shows(impostor.headers), device.id, peer.id, self._of_others),
            Principal("unknown device", "unknown", _shows(stranger.headers), stranger.id, peer.id, self._of_others),
        ]

    def _without(self, ended: Mapping[str, str]) -> list[Principal]:
        """Those who show nothing that counts."""
        basic = base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()
        spoofed = {
            "Authorization": f"Basic {basic}",
            "X-Remote-User": LOGIN,
            "X-Forwarded-User": LOGIN,
            "X-Forwarded-For": "127.0.0.1",
            "Forwarded": "for=127.0.0.1;proto=https",
            "X-Original-URL": "/console/",
            "X-HTTP-Method-Override": "GET",
        }
        shown: dict[str, Headers] = {
            "nobody": {},
            "spoofed headers": spoofed,
            "site key as a credential": {"Authorization": f"Bearer {self._premises.site_key}"},
            **{name: {"Cookie": f"deskbell_session={token}"} for name, token in ended.items()},
        }
        return [
            Principal(
                name, "nobody", _shows({"Origin": self._server.url, **headers}), _uuid(), _uuid(), self._of_others
            )
            for name, headers in shown.items()
        ]

    def _agents(self, agent_id: int) -> list[Principal]:
        """An agent, and pages elsewhere that use the agent's browser."""
        sessions = Sessions(self._database, self._clock, Settings(self._premises.data).session_s)
        token = ""

        def session(origin: Headers) -> Headers:
            nonlocal token
            if sessions.agent(token) is None:  # a request before this one ended it
                token = sessions.open(agent_id, None)
            return {"Cookie": f"deskbell_session={token}", **origin}

        origins: dict[str, Headers] = {
            "agent": {"Origin": self._server.url},
            "foreign page (Origin)": {"Origin": "http://evil.test"},
            "foreign page (Sec-Fetch-Site)": {"Sec-Fetch-Site": "cross-site", "Origin": self._server.url},
            "foreign page (no Origin)": {},
            "foreign page (Origin: null)": {"Origin": "null"},
        }
        return [
            Principal(
                name,
                "agent" if name == "agent" else "csrf",
                partial(session, origin),
                _uuid(),
                _uuid(),
                self._of_others,
            )
            for name, origin in origins.items()
        ]

    def _filed(self, device: Device, *, is_deleted: bool = False) -> Report:
        made = report()
        assert device.submit(made.manifest).status_code == 201
        assert device.upload(made.id, made.picture).status_code == 201
        if is_deleted:
            with self._database.write() as connection:
                connection.execute(update(tickets).where(tickets.c.id == made.id).values(deleted_at=self._clock()))
        return made


def report() -> Report:
    """A report with one picture, like no other."""
    words = f"words-{secrets.token_hex(8)}"
    picture = png(colour=f"#{secrets.token_hex(3)}")
    described = manifest(text=words, attachments=[attachment(picture)])
    return Report(described["report_id"], words, json.dumps(described).encode(), picture)


def sha256(made: Report) -> str:
    """The digest of the report's picture."""
    return digest(made.picture)


def _shows(headers: Headers) -> Callable[[], Headers]:
    return lambda: headers


def _uuid() -> str:
    return str(uuid.uuid4())
