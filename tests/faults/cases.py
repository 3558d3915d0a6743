"""Reports to make: words, pictures and attachments, the same for the same seed and number."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

from client.core.models import Collector, Display, Shot

_WORDS = ("printer", "jams", "Größe", "→", "slow", "café", "日本", "🙂", "VPN", "since Monday", "\n", '"quoted"', "<b>")
_SIZES = (0, 1, 60, 900, 4_000, 30_000, 70_000, 300_000)


@dataclass(frozen=True, slots=True)
class Case:
    """What one user does. `text` is like no other's, so that a report that comes twice is seen."""

    text: str
    category: str | None
    blocking: bool
    shots: tuple[Shot, ...] = field(repr=False)
    files: dict[str, bytes] = field(repr=False)

    @property
    def collectors(self) -> tuple[Collector, ...]:
        """One fact, found at once."""
        return (Collector("case", "Case", lambda: (self.text, None)),)


def case(seed: int, number: int) -> Case:
    chance = random.Random(f"{seed}/{number}")
    text = f"case {seed}/{number}: " + " ".join(chance.choices(_WORDS, k=chance.randrange(12)))
    return Case(
        text=text.strip(),
        category=chance.choice((None, "app", "slow")),
        blocking=chance.random() < 0.2,
        shots=tuple(shot(chance, index + 1) for index in range(chance.randrange(3))),
        files={
            f"attachment-{index}.bin": chance.randbytes(chance.choice(_SIZES)) for index in range(chance.randrange(3))
        },
    )


def small_case(token: str) -> Case:
    """One picture and few words: as few bytes on the wire as a report can have, and as many as any other small one."""
    return Case(f"case {token}", None, False, (shot(random.Random(token), 1, 4, 3),), {})


def shot(chance: random.Random, number: int, width: int = 48, height: int = 27) -> Shot:
    display = Display(f"DP-{number}", number, (number - 1) * width, 0, width, height)
    colours = [chance.randbytes(3) + b"\xff" for _ in range(16)]
    pixels = b"".join(chance.choices(colours, k=width * height))
    return Shot(display, datetime(2026, 11, 23, 9, 41, 7, tzinfo=UTC), pixels)
