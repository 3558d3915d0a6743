"""The words and pictures of an unsent draft, as `draft.json` in its folder: never half-written, lost at worst."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from client.core.durable import replace
from client.core.entry import DRAFT
from client.core.manifest import is_intact, read_display, sealed
from client.core.picture import Picture


@dataclass(frozen=True, slots=True)
class Words:
    """What comes back of a draft that was not sent."""

    text: str
    category: str | None
    blocking: bool
    pictures: tuple[Picture, ...] = ()


def write(folder: Path, words: Words) -> None:
    """Keep `words` in a draft's folder. Raises OSError."""
    body: dict[str, Any] = {
        "text": words.text,
        "category": words.category,
        "blocking": words.blocking,
        "pictures": [_body(picture) for picture in words.pictures if picture.sha256 and picture.stored],
    }
    replace(folder / DRAFT, sealed(json.dumps(body, indent=1)))


def read(folder: Path) -> Words:
    """What a draft's folder holds. Raises OSError or ValueError where that cannot be read, or was altered."""
    data = (folder / DRAFT).read_bytes()
    if not is_intact(data):  # a size or a name that nobody sees would be sent, or refused by the desk for ever
        raise ValueError("the draft was altered after it was kept")
    body = json.loads(data)
    try:
        pictures = tuple(
            Picture(
                id=0,
                name=item["name"],
                taken_at=datetime.fromisoformat(item["taken_at"]).astimezone(UTC),
                display=read_display(item["display"]) if item["display"] else None,
                is_included=bool(item["is_included"]),
                stored=folder / item["sha256"],
                size_bytes=int(item["size_bytes"]),
                media_type=item["media_type"],
                sha256=item["sha256"],
            )
            for item in body["pictures"]
            if (folder / Path(item["sha256"]).name).is_file()
        )
        return Words(str(body["text"]), body["category"], bool(body["blocking"]), pictures)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a draft: {error!r}") from error


def _body(picture: Picture) -> dict[str, Any]:
    display = picture.display
    fields = ("name", "number", "x", "y", "width", "height", "scale", "primary")
    return {
        "name": picture.name,
        "taken_at": picture.taken_at.isoformat(),
        "display": {name: getattr(display, name) for name in fields} if display else None,
        "is_included": picture.is_included,
        "size_bytes": picture.size_bytes,
        "media_type": picture.media_type,
        "sha256": picture.sha256,
    }
