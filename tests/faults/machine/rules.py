"""The steps of the machine: what users, processes, disks, networks, servers and clocks do, in any order."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from client import assembly
from client.core.draft import Draft
from client.core.models import Display, Shot
from tests.faults.machine.desk import Answer, Harm
from tests.faults.machine.process import Process
from tests.faults.machine.world import NOON, PROFILES, World

MOST_PROCESSES = 4
YEARS_50 = 50 * 365 * 24 * 3600.0
CLOCKS = st.sampled_from([0.0, YEARS_50, -YEARS_50, 3600.0, -3600.0, 400 * 86400.0])
SPANS = st.sampled_from([0.0, 0.0, 1.0, 3.0, 30.0, 400.0, 4000.0])
TROUBLES = st.sampled_from([None, None, errno.EIO, errno.ENOSPC, errno.EACCES])
HARMS = st.lists(
    st.builds(Harm, st.sampled_from(list(Answer)), st.booleans(), st.integers(0, 400)), min_size=1, max_size=4
)
SOME = st.integers(0, 7)  # which of those that there are
PLACES = st.sampled_from(["drafts", "outbox", "outbox", "outbox", "attention"])
SELDOM = st.sampled_from([False, False, True])
LONG_AGO = "2026-11-01 12:00:00"
SHUTS = {
    "devices revoked or let in": "UPDATE devices SET revoked_at = ?",
    "site key withdrawn or not": "UPDATE sites SET withdrawn_at = ?",
}
DISKS = {"full": errno.ENOSPC, "read-only": errno.EROFS, "well": None, "well again": None}
STATES = ("secret", "identity", "garbage", "cache")
STRAYS = ("file", "folder", "link", "uuid file", "uuid folder")
WORDS = st.sampled_from(["", "no mail", "grüß dich 日本 🙂", "line one\nline two", "=1+1", "x" * 3000])


# Each step: how likely it is, and what it is given. The first is what a shrunk example has most of.
_STEPS: dict[str, tuple[int, dict[str, st.SearchStrategy[Any]]]] = {
    "time_passes": (8, {"seconds": SPANS}),
    "report": (7, {"which": SOME, "words": WORDS, "pictures": st.integers(0, 2), "is_quick": st.booleans()}),
    "work": (
        6,
        {
            "which": SOME,
            "what": st.sampled_from(["one job", "local work", "local work", "look", "desk asked"]),
            "lane": SOME,
        },
    ),
    "open_panel": (2, {"which": SOME, "is_new": st.booleans()}),
    "write": (3, {"which": SOME, "words": WORDS}),
    "take_picture": (2, {"which": SOME, "colour": st.integers(0, 3)}),
    "attach": (2, {"which": SOME, "size": st.sampled_from([1, 1000, 70_000])}),
    "tick_or_untick": (1, {"which": SOME, "picture": SOME}),
    "send": (4, {"which": SOME, "times": st.integers(1, 3), "is_quick": st.booleans()}),
    "close_panel": (1, {"which": SOME, "keeps": st.booleans()}),
    "try_again_now": (1, {"which": SOME}),
    "start": (2, {"which": st.integers(0, len(PROFILES) - 1)}),
    "end": (
        3,
        {
            "which": SOME,
            "how": st.sampled_from(["killed", "killed and back", "killed and back", "quit", "quit and back"]),
        },
    ),
    "set_clocks": (1, {"client_s": CLOCKS, "server_s": CLOCKS}),
    "others_meanwhile": (2, {"calls": st.integers(1, 25), "requests": st.integers(0, 3)}),
    "trouble_ahead": (3, {"calls": st.integers(1, 25), "trouble": TROUBLES}),
    "harm": (4, {"harms": HARMS}),
    "reach": (2, {"state": SELDOM}),
    "damage": (
        1,
        {"which": SOME, "file": SOME, "place": PLACES, "how": st.sampled_from(["flip", "cut", "empty", "delete"])},
    ),
    "shut_out": (1, {"what": st.sampled_from(sorted(SHUTS)), "state": SELDOM}),
    "rarely": (
        1,
        {
            "what": st.sampled_from(["server backed up", "server restored", "ticket deleted", "client upgraded"]),
            "which": SOME,
        },
    ),
    "on_disk": (2, {"profile": st.integers(0, 1), "what": st.sampled_from([*STATES, *STRAYS, *DISKS])}),
}
STEPS = st.sampled_from([name for name, (weight, _) in _STEPS.items() for _ in range(weight)]).flatmap(
    lambda name: st.tuples(st.just(name), st.fixed_dictionaries(_STEPS[name][1]))
)


def machine_of(world: World, steps: dict[str, int]) -> type[RuleBasedStateMachine]:
    """The machine on this world; `steps` counts how often each rule was run."""

    class Machine(DeskMachine):
        def __init__(self) -> None:
            super().__init__(world)

        def note(self, name: str) -> None:
            steps[name] = steps.get(name, 0) + 1

    return Machine


class DeskMachine(RuleBasedStateMachine):
    """Hypothesis runs the rules. What they act on is the world's."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self._serial = 0
        self._backed_up = False
        world.begin()

    def note(self, name: str) -> None:
        """A step was made."""

    @initialize()
    def log_in(self) -> None:
        self.world.start(self.world.profiles[0])

    @rule(step=STEPS)
    def do(self, step: tuple[str, dict[str, Any]]) -> None:
        """One step. One rule for all of them, since Hypothesis would leave out most kinds in most runs."""
        name, arguments = step
        getattr(self, name)(**arguments)

    # users

    def open_panel(self, which: int, is_new: bool) -> None:
        if (process := self._pick(which, lambda each: each.draft is None)) is None:
            return
        self.note("panel opened")
        begin = process.engine.begin_new if is_new else process.engine.begin
        process.draft = process.act(lambda: begin("panel"))
        self._serial += 1

    def write(self, which: int, words: str) -> None:
        if (process := self._editing(which)) is None:
            return
        self.note("written")
        self._serial += 1
        process.act(lambda: self._draft(process).set_words(f"{words} {self._serial}", None, False))

    def take_picture(self, which: int, colour: int) -> None:
        if (process := self._editing(which)) is None:
            return
        self.note("picture taken")
        shot = Shot(Display("DP-1", 1, 0, 0, 4, 3), NOON, bytes([colour, 20, 30, 255]) * 12)
        self.world.expect(process, lambda draft: draft.add_shots([shot]), assembly.encode(shot).data)

    def attach(self, which: int, size: int) -> None:
        if (process := self._editing(which)) is None:
            return
        self.note("file attached")
        self._serial += 1
        data = (f"{self._serial} ".encode() * size)[:size]
        path = self.world.home / f"attached-{self._serial}.log"
        path.write_bytes(data)
        self.world.expect(process, lambda draft: draft.add_file(path), data)

    def tick_or_untick(self, which: int, picture: int) -> None:
        if (process := self._editing(which)) is None:
            return
        self.note("picture ticked")
        draft = self._draft(process)
        if draft.pictures:
            chosen = draft.pictures[picture % len(draft.pictures)]
            process.act(lambda: draft.include(chosen.id, not chosen.is_included))

    def send(self, which: int, times: int, is_quick: bool) -> None:
        if (process := self._editing(which)) is None:
            return
        self.note("sent")
        draft = self._draft(process)
        for _ in range(times):  # a double click, Enter and a click
            if not draft.is_submitted and process.draft is draft:
                self.world.press(process)
            process.act(draft.submit)
            if is_quick:
                process.run_local()

    def report(self, which: int, words: str, pictures: int, is_quick: bool) -> None:
        """All of it at once, as most people do it."""
        process = self._pick(which, lambda each: each.draft is None)
        self.open_panel(which, is_new=False)
        if process is None or process.draft is None:
            return
        self.note("reported at once")
        self._serial += 1
        process.act(lambda: self._draft(process).set_words(f"{words} {self._serial}", None, False))
        for colour in range(pictures):
            if process.draft is not None:
                shot = Shot(Display("DP-1", colour + 1, 0, 0, 4, 3), NOON, bytes([colour, 90, 30, 255]) * 12)
                self.world.expect(process, lambda draft, shot=shot: draft.add_shots([shot]), assembly.encode(shot).data)
        if process.draft is not None:
            self.world.press(process)
            process.act(process.draft.submit)
        if is_quick:
            process.run_local()

    def close_panel(self, which: int, keeps: bool) -> None:
        if (process := self._pick(which, lambda each: each.draft is not None)) is None:
            return
        self.note("panel closed")
        draft = self._draft(process)
        process.act(draft.put_aside if keeps else draft.discard)
        if draft.is_ended:
            process.draft = None

    def try_again_now(self, which: int) -> None:
        if process := self._pick(which):
            self.note("tried again by hand")
            process.act(process.engine.send_now)

    # processes

    def start(self, which: int) -> None:
        if len(self.world.processes) < MOST_PROCESSES:
            self.note("client started")
            self.world.start(self.world.profiles[which])

    def end(self, which: int, how: str) -> None:
        if (process := self._pick(which)) is None:
            return
        self.note(f"client {how}")
        if "quit" in how:
            if process.draft:
                process.act(process.draft.put_aside)
            process.run_local()
        process.die()
        self.world.bury()
        if "back" in how:
            self.world.start(process.profile)

    def work(self, which: int, what: str, lane: int) -> None:
        if (process := self._pick(which)) is None:
            return
        self.note(what)
        match what:
            case "one job":
                process.run(process.local[lane % len(process.local)])
            case "local work":
                process.run_local()
            case "look":  # the folder has changed
                process.act(process.engine.look)
            case _:
                process.act(process.engine.refresh_desk)

    # time

    def time_passes(self, seconds: float) -> None:
        self.note("time passed")
        self.world.pass_by(seconds)

    def set_clocks(self, client_s: float, server_s: float) -> None:
        self.note("clocks set")
        self.world.client_ahead_s, self.world.server_ahead_s = client_s, server_s

    # disks, networks, servers

    def trouble_ahead(self, calls: int, trouble: int | None) -> None:
        self.note("killed at a call" if trouble is None else "error at a call")
        self.world.storage.arm(calls, trouble)

    def others_meanwhile(self, calls: int, requests: int) -> None:
        """Other processes run in the middle of what one does next: at its n-th call, and around its requests."""
        self.note("others meanwhile")
        self.world.storage.give_way(calls)
        self.world.shared_requests = requests

    def harm(self, harms: list[Harm]) -> None:
        self.note("answers harmed")
        self.world.desk.harms.extend(harms)

    def reach(self, state: bool) -> None:
        self.note("connection lost or back")
        self.world.desk.is_down = state

    def damage(self, which: int, file: int, place: str, how: str) -> None:
        if self.world.damage(which, file, place, how):
            self.note("file damaged")

    def shut_out(self, what: str, state: bool) -> None:
        self.note(what)
        self.world.desk.execute(SHUTS[what], LONG_AGO if state else None)

    def rarely(self, what: str, which: int) -> None:
        match what:
            case "ticket deleted":
                if not (tickets := sorted(self.world.desk.filed())):
                    return
                self.world.desk.execute(
                    "UPDATE tickets SET deleted_at = ? WHERE id = ?", LONG_AGO, tickets[which % len(tickets)]
                )
            case "server restored":
                if not self._backed_up:
                    return
                self.world.restore()
            case "server backed up":
                self.world.desk.back_up()
                self._backed_up = True
            case _:
                self.world.upgrade(f"deskbell 1.{which}")
        self.note(what)

    def on_disk(self, profile: int, what: str) -> None:
        self.note(f"disk: {what}")
        self._serial += 1
        if what in DISKS:
            self.world.storage.standing = DISKS[what]
        elif what in STATES:
            self.world.lose(self.world.profiles[profile], what)
        else:
            self.world.put_stray(self.world.profiles[profile], what, self._serial)

    # what must hold

    @invariant()
    def promises_hold(self) -> None:
        self.world.bury()
        wrong = self.world.wrong()
        assert not wrong, "\n".join(wrong)

    def teardown(self) -> None:
        """Everything heals: whatever was shown as saved is delivered, or a person sees why not."""
        try:
            self.world.heal()
            wrong = [*self.world.wrong(), *self.world.undelivered()]
            assert not wrong, "\n".join(["after everything had healed:", *wrong])
        finally:
            self.world.end()

    def _pick(self, which: int, fits: Callable[[Process], bool] = lambda _: True) -> Process | None:
        able = [each for each in self.world.processes if fits(each)]
        return able[which % len(able)] if able else None

    def _editing(self, which: int) -> Process | None:
        return self._pick(which, lambda each: each.draft is not None and not each.draft.is_submitted)

    def _draft(self, process: Process) -> Draft:
        assert process.draft is not None
        return process.draft
