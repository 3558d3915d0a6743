"""M11: secrets and words are planted in a client, a server and a browser, and looked for wherever they must not be.

Each is looked for in each place in every form that bytes take on their way (haystack.py).
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil
import requests

from server_stub.store.agents import Agents
from server_stub.store.clock import utc_now
from server_stub.store.sites import Sites
from tests.faults import canary_client, haystack
from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.canary_pictures import encode, middle_of, shots
from tests.faults.eavesdropper import Eavesdropper
from tests.faults.premises import LOGIN, Premises, RunningServer, premises, running
from tests.rigs.processes import Processes
from tests.rigs.waiting import wait_until
from tests.server.rig import QUICK, REPOSITORY, Agent, Device, digest, manifest

# Where something may be seen; the first of a canary's places is one where it must be. Elsewhere it may not.
SENT = "requests after Send"
CREDENTIAL = "Authorization headers"
ANSWERS = "answers to the device"
AGENT = "pages for the agent"
PROFILE = "profile of the client"
DRAFT = "profile while it is a draft"
DATA = "data of the server"
ENVIRONMENT = "environments"
REPORT = (SENT, AGENT, PROFILE, DRAFT, DATA)
# What users type after a command is in the list of processes while it runs; that is theirs.
PLANTED = {
    "text": (*REPORT, ANSWERS),
    "category": (*REPORT, ANSWERS),
    "name of the attachment": (*REPORT, ANSWERS),
    "content of the attachment": (SENT, PROFILE, DRAFT, DATA),
    "window title": REPORT,
    "ticked fact": REPORT,
    "discarded text": (),
    "text before it was changed": (),
    "unticked fact": (),
    "fact that IT switched off": (),
    "exception of a fact": (),
    "exception": (),
    "text of a command that fails": (PROFILE,),
    "folder of the attachment": (),
    "name of the unticked display": (DRAFT,),
    "user": (*REPORT, ANSWERS, ENVIRONMENT),
    "secret of the user's shell": (ENVIRONMENT,),
    "password of the agent": (),
    "phone": (ANSWERS, DATA, PROFILE),
    "reply of the agent": (AGENT, ANSWERS, DATA),
    "note among agents": (AGENT, DATA),
}
_OPEN_TO_ALL = (
    *("/", "/console/login", "/console/tickets/{ticket}", "/api/v1/tickets/{ticket}", "/api/v1/desk", "/api/docs"),
    *("/api/openapi.json", "/healthz", "/metrics", "/nowhere", "/attachments/{ticket}", "/static/deskbell.css"),
)
# Fails as any program may, with the report's words in the fault's.
FAILING = """
import sys, client.core.manifest as m
def encode(report): raise ValueError(report.text)
m.encode = encode
from client.__main__ import main
sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Canary:
    """Something that must be seen in the first of its `places`, may be in the others, and nowhere else."""

    name: str
    needle: bytes = field(repr=False)
    places: tuple[str, ...] = ()

    def escapes(self, found: Mapping[str, bytes]) -> list[str]:
        """What is wrong with it, for each place."""
        seen = [place for place, content in found.items() if haystack.holds(content, self.needle)]
        wrong = [f"{self.name} is in: {place}" for place in seen if place not in self.places]
        if self.places and self.places[0] not in seen:
            wrong.append(f"{self.name} is not even in {self.places[0]}: nothing was tested")
        return wrong


class Scene:
    """Server, line, client and agent, with canaries; `places` fills while they act."""

    def __init__(self, plan: Plan) -> None:
        self.folder = plan.folder
        self.planted = {name: f"canary-{number}-{secrets.token_hex(8)}" for number, name in enumerate(PLANTED)}
        self.places: dict[str, bytes] = {}
        self.temporary = plan.folder / "temporary"
        self.profile = plan.folder / "profile"
        self.env = {
            **{name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")},
            "PYTHONPATH": str(REPOSITORY),
            "TMPDIR": str(self.temporary),
            "LANG": "C.UTF-8",
            "LOGNAME": self.planted["user"],
            "AWS_SECRET_ACCESS_KEY": self.planted["secret of the user's shell"],
        }

    def add(self, place: str, content: bytes | str) -> None:
        more = content.encode(errors="replace") if isinstance(content, str) else content
        self.places[place] = self.places.get(place, b"") + b"\n" + more

    def prepare(self, place: Premises, url: str) -> None:
        """Write what the user has."""
        for folder in (self.temporary, self.profile):
            folder.mkdir(mode=0o700, exist_ok=True)
        (self.folder / "planted.json").write_text(json.dumps(self.planted))
        settings = {"server": url, "site_key": place.site_key, "facts_off": ["host"]}
        (self.profile / "deskbell.json").write_text(json.dumps(settings))
        attached = self.folder / self.planted["folder of the attachment"]
        attached.mkdir()
        (attached / f"{self.planted['name of the attachment']}.txt").write_text(
            self.planted["content of the attachment"]
        )

    def look_around(self, server: RunningServer, client: psutil.Process) -> None:
        """What others see of the processes right now."""
        tree = [psutil.Process(server.process.pid), client, *client.children(recursive=True)]
        self.add("list of processes", haystack.command_lines(tree))
        self.add(ENVIRONMENT, haystack.environments(tree[1:]))
        self.add("environment of the server", haystack.environments(tree[:1]))


def run(plan: Plan) -> Result:
    scene = Scene(plan)
    place = premises(plan.folder)
    with place.database() as database:
        Agents(database, utc_now).set_password(LOGIN, QUICK.hash(scene.planted["password of the agent"]))
        Sites(database, utc_now).set_phone("Example Ltd", scene.planted["phone"])
    scene.temporary.mkdir()
    with (
        running(place, plan.folder, env={"TMPDIR": str(scene.temporary)}) as server,
        Eavesdropper(server.url) as line,
    ):
        scene.prepare(place, line.url)
        _report(scene, server, line)
        session = _serve(scene, server, line.said())
        _ask_commands(scene)
        _sort_line(scene, line.said(), line.heard())
        scene.add(DATA, haystack.files(place.data))
        scene.add("log of the server", server.log())
    scene.add(PROFILE, haystack.files(scene.profile, without="log"))
    scene.add("logs of the client", haystack.files(scene.profile / "log"))
    scene.add("temporary folder", haystack.files(scene.temporary))
    canaries = _canaries(scene, place, session)
    wrong = {canary.name: canary.escapes(scene.places) for canary in canaries}
    if b"RuntimeError" not in scene.places["logs of the client"]:
        wrong["crash"] = ["the fault of the program is not in its log"]
    findings = [text for texts in wrong.values() for text in texts]
    figures = {"places": len(scene.places), "bytes searched": sum(map(len, scene.places.values()))}
    return Result(len(canaries), sum(not texts for texts in wrong.values()), tuple(findings), figures)


def _report(scene: Scene, server: RunningServer, line: Eavesdropper) -> None:
    """The client writes a report, sends it, and fails."""
    with Processes(scene.folder) as processes:
        command = [sys.executable, "-m", "tests.faults.canary_client", scene.profile, scene.folder]
        client = processes.start("client", command, scene.env)
        for gate in canary_client.GATES:
            wait_until(
                lambda gate=gate: (scene.folder / gate).exists() or client.poll() is not None,  # type: ignore[misc]
                f"the client: {gate}",
                60,
            )
            assert client.poll() is None, processes.log("client").read_text()[-2000:]
            scene.look_around(server, psutil.Process(client.pid))
            if gate == canary_client.DRAFTED:
                scene.add("requests before Send", _without_credential(line.said()))
                scene.add(DRAFT, haystack.files(scene.profile))
            (scene.folder / f"{gate}.go").touch()
        client.wait(20)
        scene.add("output of the client", processes.log("client").read_bytes())


def _serve(scene: Scene, server: RunningServer, said: bytes) -> str:
    """An agent, strangers and another device look at everything; the agent's session."""
    filed = re.search(rb"PUT /api/v1/tickets/([0-9a-f-]{36})", said)
    shown = re.search(rb"Authorization: Bearer ([0-9a-f-]{36})\.([\w-]{43})", said)
    assert filed and shown
    ticket, owner = filed[1].decode(), Device(server, shown[1].decode(), shown[2].decode())
    agent, visitor, stranger = Agent(server), Agent(server), server.device()
    with agent.session, visitor.session:
        password = scene.planted["password of the agent"]
        assert agent.log_in(password=password).status_code == 303
        for act, words in (("reply", "reply of the agent"), ("note", "note among agents")):
            form = {"act": act, "id": str(uuid.uuid4()), "text": scene.planted[words]}
            assert agent.post(f"/console/tickets/{ticket}/say", form).status_code == 303
        for path in ("/console/", f"/console/tickets/{ticket}", "/console/tickets/absent"):
            scene.add(AGENT, _shown(agent.get(path)))
        for path in _OPEN_TO_ALL:
            scene.add("pages without a log-in", _shown(visitor.get(path.format(ticket=ticket))))
        scene.add("pages without a log-in", _shown(visitor.log_in(password=f"{password}x")))
        session = agent.session.cookies["deskbell_session"]
    text = scene.planted["text"]
    for path in (f"/api/v1/tickets/{ticket}", "/api/v1/tickets/absent", "/api/v1/changes"):
        scene.add("answers to another device", _shown(stranger.get(path)))
    scene.add("answers to another device", _shown(stranger.submit(manifest(report_id=ticket, text=text))))
    scene.add(ANSWERS, _shown(owner.read(ticket)) + _shown(owner.get("/api/v1/changes")))
    for body in (
        json.dumps(manifest(report_id=ticket, text=text)).encode(),
        text.encode(),
        json.dumps(manifest(report_id=ticket, text=[text], category={text: text})).encode(),
        json.dumps({text: text}).encode(),
    ):
        scene.add("answers that refuse", _shown(owner.submit(body, ticket)))
    return session


def _shown(answer: requests.Response) -> bytes:
    """Everything of an answer but the cookie, which belongs to who asked."""
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items() if name != "set-cookie")
    return headers.encode() + b"\n" + answer.content


def _ask_commands(scene: Scene) -> None:
    """The command line says how things are, and fails in the middle of a report."""

    def add(place: str, *command: str) -> None:
        done = subprocess.run(
            [sys.executable, *command, "--profile", str(scene.profile)],
            cwd=scene.folder,
            env=scene.env,
            capture_output=True,
            timeout=60,
            check=False,
        )
        scene.add(place, done.stdout + done.stderr)

    add("deskbell doctor", "-m", "client", "doctor", "--json")
    add("deskbell settings", "-m", "client", "settings", "--json")
    add("deskbell outbox", "-m", "client", "outbox", "--json")
    for more in ((), ("--wait",), ("--json",)):
        words = scene.planted["text of a command that fails"]
        add("output of a command that fails", "-c", FAILING, "report", words, "--no-screens", *more)


def _sort_line(scene: Scene, said: bytes, heard: bytes) -> None:
    """What went over the line, by where it stood."""
    heads = re.findall(rb"(?:GET|PUT|POST) (\S+) HTTP/1\.1\r\n(.*?)\r\n\r\n", said, re.DOTALL)
    scene.add("addresses of requests", b"\n".join(address for address, _ in heads))
    scene.add("headers of requests", b"\n".join(_without_credential(head) for _, head in heads))
    scene.add(CREDENTIAL, b"\n".join(re.findall(rb"Authorization: ([^\r]*)", said)))
    scene.add(SENT, _without_credential(said))
    scene.add(ANSWERS, heard)


def _without_credential(said: bytes) -> bytes:
    return re.sub(rb"Authorization: [^\r]*", b"", said)


def _canaries(scene: Scene, place: Premises, session: str) -> list[Canary]:
    """What was planted, and what the programs made themselves."""
    canaries = [Canary(name, scene.planted[name].encode(), places) for name, places in PLANTED.items()]
    ticked, unticked = shots(scene.planted)
    secret = re.search(rb"Bearer [0-9a-f-]{36}\.([\w-]{43})", scene.places[CREDENTIAL])
    with place.database() as database:
        known = Agents(database, utc_now).login(LOGIN)
    assert secret and known
    return [
        *canaries,
        Canary("secret of the device", secret[1], (CREDENTIAL, PROFILE, DRAFT)),
        Canary("pixels of the ticked picture", middle_of(ticked), (SENT, PROFILE, DRAFT, DATA)),
        Canary("pixels of the unticked picture", middle_of(unticked), (DRAFT,)),
        Canary("digest of the unticked picture", digest(encode(unticked).data).encode(), (DRAFT,)),
        Canary("session of the agent", session.encode()),
        Canary("hash of the agent's password", known.password_hash.encode(), (DATA,)),
        Canary("key of links to attachments", (place.data / "links.key").read_bytes(), (DATA,)),
    ]


CAMPAIGN = Campaign(
    name="canaries",
    promise="no secret, no word and no pixel is anywhere but where it belongs",
    short=20,
    full=20,
    run=run,
)
