"""Two pictures to take: one that the user sends, one that is unticked. Their bytes can be recognised."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime

from client.assembly import encode
from client.core.models import Display, Shot

_WIDTH, _HEIGHT = 96, 54


def shots(planted: Mapping[str, str]) -> tuple[Shot, Shot]:
    """Displays 1 (ticked) and 2 (unticked). The name of the second says that it is hidden."""
    names = ("DP-1", planted["name of the unticked display"])
    return tuple(  # type: ignore[return-value]
        Shot(
            Display(name, number, number * _WIDTH, 0, _WIDTH, _HEIGHT),
            datetime(2026, 11, 23, 9, 41, 7, tzinfo=UTC),
            random.Random(f"{planted['text']}/{number}").randbytes(_WIDTH * _HEIGHT * 4),
        )
        for number, name in enumerate(names, 1)
    )


def middle_of(shot: Shot) -> bytes:
    """Some bytes out of the encoded picture: whoever has them has its pixels."""
    data = encode(shot).data
    return data[len(data) // 2 :][:48]
