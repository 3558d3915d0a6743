"""A person at a desktop: clicks the icon, types, sends in one way or another, and goes on."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import TypeVar

from tests.faults.soaking.telling import Line, Tail
from tests.rigs.pointer import Pointer
from tests.rigs.screens import Box, centre

T = TypeVar("T")
PANEL_S = 120.0  # the machine may be busy, and the nemesis may have stopped the program
SAVED_S = 120.0
WORDS = ("printer", "jams", "again", "no", "mail", "since", "this", "morning", "slow", "screen", "VPN", "kaputt")


async def until(condition: Callable[[], T | None], what: str, within_s: float) -> T:
    """The first answer that is something. AssertionError naming `what` where there is none in time."""
    deadline = time.monotonic() + within_s
    while (answer := condition()) is None:
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within_s:g} s in vain: {what}")
        await asyncio.sleep(0.05)
    return answer


class User:
    """Makes reports with the tray program on a real display, as a hand would."""

    def __init__(self, pointer: Pointer, icon: Box, tail: Tail, chance: random.Random) -> None:
        self.reports = 0
        self.put_aside = 0
        self._pointer = pointer
        self._icon = centre(icon)
        self._tail = tail
        self._chance = chance
        self._unread: list[Line] = []

    async def work(self, until_s: float, pace_s: float) -> None:
        """Report after report, until then (monotonic)."""
        while time.monotonic() < until_s:
            began = time.monotonic()
            await self.report()
            await asyncio.sleep(max(0.3, self._chance.expovariate(1 / pace_s) - (time.monotonic() - began)))

    async def report(self) -> None:
        """One report, from the click on the icon until it is saved; now and then it is put aside instead."""
        self._hear()
        self._unread.clear()
        await self._click(self._icon)
        send = tuple((await self._told("painted", PANEL_S))["send"])
        if self._chance.random() < 0.7:
            await self._do(
                self._pointer.type, " ".join(self._chance.choices(WORDS, k=self._chance.randrange(1, 6))) + " "
            )
        if self._chance.random() < 0.07:
            self.put_aside += 1
            await self._do(self._pointer.press, "Escape")
            return
        await self._send(send)
        while (answer := await self._told("Saved NotSaved", SAVED_S))["told"] == "NotSaved":
            await asyncio.sleep(3)
            await self._do(self._pointer.press, "ctrl+Return")
        self.reports += 1
        if self._chance.random() < 0.7:  # looks what becomes of it
            await self._told("Accepted Delivered Waiting NeedsAttention", SAVED_S, answer["report_id"])
        if self._chance.random() < 0.5:  # else the next click on the icon does it
            await self._do(self._pointer.press, "Escape")

    async def _send(self, place: tuple[int, ...]) -> None:
        way = self._chance.randrange(4)
        if way == 0:
            await self._do(self._pointer.press, "ctrl+Return")
        else:
            await self._click(place)
        if way == 2:  # a double click
            await self._click(place)
        elif way == 3:
            await self._do(self._pointer.press, "ctrl+Return")

    async def _click(self, place: tuple[int, ...]) -> None:
        await self._do(self._pointer.click, place[0], place[1])

    async def _do(self, act: Callable[..., None], *arguments: object) -> None:
        await asyncio.to_thread(act, *arguments)

    async def _told(self, words: str, within_s: float, report_id: str | None = None) -> Line:
        """The next line of one of these words; those before it are passed over."""
        wanted = words.split()

        def said() -> Line | None:
            self._hear()
            while self._unread:
                line = self._unread.pop(0)
                if line["told"] in wanted and report_id in (None, line.get("report_id")):
                    return line
            return None

        return await until(said, f"the tray program to say {words}", within_s)

    def _hear(self) -> None:
        self._unread += self._tail.lines()
