"""M7: files of a profile deleted, truncated, bit-flipped and worse, while reports wait in it."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from client.core.errors import Problem
from client.core.manifest import digest
from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.cases import case
from tests.faults.checker import check, read_tickets
from tests.faults.damage import OF_CONTENT, Damage, do, remove
from tests.faults.ground import Ground, point
from tests.faults.ledger import Kept, read
from tests.faults.profile import Profile
from tests.faults.timed_client import HOUR_S, TimedClient

PARTS = (
    "identity.json",
    "deskbell.json",
    "secrets/*",
    "cache/*",
    "spool/locks/*",
    "spool/outbox/*/receipt.json",
    "spool/attention/*/problem.json",
    "spool/drafts/*/*",
    "spool/sent/*/*",
    "spool/outbox/*/manifest.json",
    "spool/outbox/*/*",
    "spool/attention/*/*",
)
FOLDERS = ("secrets", "cache", "spool/locks", "spool/drafts", "spool/sent")
STATE = ("receipt.json", "problem.json")


@dataclass(frozen=True, slots=True)
class Scene:
    """A profile in the middle of its life: reports that wait, one parked, one sent, one whose end a crash cut off."""

    profile: Path
    reports: frozenset[str]
    draft: str  # its panel was open
    client: TimedClient | None = None  # where the program runs on


@dataclass(frozen=True, slots=True)
class Harm:
    """What was done. `victim` is the report that cannot be what it was: it stays visible, with all that is left."""

    part: str
    words: str
    victim: str | None = None
    kept: frozenset[str] = frozenset()  # digests of what lies in the victim's folder afterwards

    @property
    def is_of_state(self) -> bool:
        """Whether something that is to be written again cannot be: the report waits until somebody looks."""
        return self.part.endswith("locks/*") or self.part.endswith(STATE)

    @property
    def is_of_draft(self) -> bool:
        return self.part.startswith("spool/drafts")

    def __str__(self) -> str:
        return f"{self.part} {self.words}"


class Harming:
    """A profile for each point; everything that can come to the desk does, and nothing that was not saved so."""

    def __init__(self, ground: Ground, seed: int) -> None:
        self._ground = ground
        self._seed = seed
        self._chance = random.Random(seed)
        self._serial = 0
        self.findings: list[str] = []
        self.victims: set[str] = set()
        self.profiles: list[Path] = []
        self.harmed: Counter[str] = Counter()

    def run(self) -> None:
        scene = self._build()
        harm = self._harm(scene.profile)
        self.harmed[harm.part] += 1
        if harm.victim:
            self.victims.add(harm.victim)
        if scene.client:
            self._live_on(scene.client, harm)
        taken_up = self._live_on(self._start(scene.profile), harm)
        if harm.part == "deskbell.json":
            point(scene.profile, self._ground.server.url, self._ground.server.site_key)
            self._live_on(self._start(scene.profile), harm)
        self._look(scene, harm, taken_up)

    def _build(self) -> Scene:
        profile = self._ground.profile(f"profile-{len(self.profiles)}", self._ground.server.url)
        self.profiles.append(profile)
        client = self._start(profile)
        spool = client.engine.spool
        sent, cut_off = self._report(client), self._report(client)
        client.deliver(HOUR_S)
        (spool.sent / cut_off).rename(spool.outbox / cut_off)  # a power cut took the move back
        waiting = [self._report(client) for _ in range(2)]
        parked = self._report(client)
        spool.park(parked, Problem("rejected", "The desk did not take it"))
        self._serial += 1
        draft = client.leave_draft(case(self._seed, self._serial))
        reports = frozenset((sent, cut_off, parked, *waiting))
        if self._chance.random() < 0.3:
            return Scene(profile, reports, draft, client)
        # As a crash leaves it: all that the program held is let go, its locks as well.
        shutil.copytree(profile.rename(profile.with_name(f"{profile.name}-before")), profile)
        return Scene(profile, reports, draft)

    def _report(self, client: TimedClient) -> str:
        self._serial += 1
        return client.report(case(self._seed, self._serial))

    def _start(self, profile: Path) -> TimedClient:
        client = TimedClient(profile, self._ground.ledger)
        client.start()
        return client

    def _harm(self, profile: Path) -> Harm:
        if self._chance.random() < 0.06:
            folder = self._chance.choice(FOLDERS)
            return Harm(folder, remove(profile / folder))
        part = self._chance.choice(PARTS)
        while not (found := sorted(path for path in profile.glob(part) if path.is_file())):
            part = self._chance.choice(PARTS)
        path = self._chance.choice(found)
        in_spool = path.is_relative_to(profile / "spool")
        damage = self._chance.choice((*OF_CONTENT, Damage.FOLDER, Damage.LINK) if in_spool else OF_CONTENT)
        words = do(damage, path, self._chance)
        place, report_id = path.parent.parent.name, path.parent.name
        if place in ("outbox", "attention") and (path.name not in STATE or damage in (Damage.FOLDER, Damage.LINK)):
            left = frozenset(digest(each.read_bytes()) for each in path.parent.iterdir() if _is_content(each))
            return Harm(part, f"({path.name[:12]}) {words}", report_id, left)
        if path.parent.name == "locks" and damage in (Damage.FOLDER, Damage.LINK):
            return Harm(part, words, path.name)
        return Harm(part, f"({path.name[:12]}) {words}", None)

    def _live_on(self, client: TimedClient, harm: Harm) -> str | None:
        """What the program does, and what its user may do: take up the draft and send it. Its id."""
        try:
            client.deliver(2 * HOUR_S)
            self._serial += 1
            taken_up = client.report(case(self._seed, self._serial), restores=True)
            client.engine.send_now()
            client.deliver(2 * HOUR_S)
            client.engine.close()
        except Exception as error:
            self.findings.append(f"{harm}: a lane crashed with {error!r}")
            return None
        if harm.is_of_draft:
            self.victims.add(taken_up)
        return taken_up

    def _look(self, scene: Scene, harm: Harm, taken_up: str | None) -> None:
        profile = Profile(scene.profile)
        places = profile.places()
        if taken_up and not (harm.is_of_draft or scene.client or taken_up == scene.draft):
            self.findings.append(f"{harm}: the unsent draft was not offered again")
        if taken_up and places.get(taken_up) not in ("sent", "attention" if harm.is_of_draft else "sent"):
            self.findings.append(f"{harm}: the report made of the draft lies in {places.get(taken_up)}")
        for report_id in sorted(scene.reports - {harm.victim}):
            was_sent_before = harm.part.startswith("spool/sent")
            if places.get(report_id) != "sent" and not was_sent_before:
                self.findings.append(f"{harm}: another report lies in {places.get(report_id)}")
        waits_in = "drafts" if harm.victim == scene.draft else "outbox"  # where its lock cannot be opened
        if harm.victim and places.get(harm.victim) not in ("sent", "attention", waits_in if harm.is_of_state else ""):
            self.findings.append(f"{harm}: what was damaged lies in {places.get(harm.victim)}")
        elif harm.victim and places[harm.victim] != "sent":
            folder = scene.profile / "spool" / places[harm.victim] / harm.victim
            there = {digest(each.read_bytes()) for each in folder.iterdir() if _is_content(each)}
            if not harm.kept <= there:
                self.findings.append(f"{harm}: something of what was left was deleted")
        self.findings += [f"{harm}: {what}" for what in profile.open_modes()]


def _is_content(path: Path) -> bool:
    """Part of a report, and not what is remembered of it."""
    return path.is_file() and not path.is_symlink() and path.name not in (*STATE, "draft.json")


def run(plan: Plan) -> Result:
    with Ground(plan.folder) as ground:
        harming = Harming(ground, plan.seed)
        for _ in range(plan.trials):
            harming.run()
        kept = read(ground.ledger.path)
        unharmed = {report_id: saved for report_id, saved in kept.saved.items() if report_id not in harming.victims}
        never_wrong = check(kept, ground.store, harming.profiles, is_over=False)
        all_there = check(Kept(kept.begun, unharmed), ground.store, harming.profiles)
        findings = (
            *harming.findings,
            *(what for what in never_wrong.findings if not what.startswith(("unproven", "open modes"))),
            *(what for what in all_there.findings if what.startswith(("waiting", "damaged"))),
            *ground.faults_of_the_server(),
        )
        tickets = len(read_tickets(ground.store))
    figures = {"saved": len(kept.saved), "tickets": tickets, **dict(sorted(harming.harmed.items()))}
    return Result(plan.trials, max(0, plan.trials - len(findings)), findings, figures)


CAMPAIGN = Campaign(
    "state",
    "Whatever happens to a file of the profile, nothing is sent wrong, and all other reports are delivered",
    short=20,
    full=500,
    run=run,
)
