"""A picture, or an added attachment, of a report in the making."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from client.core.models import Display, Flaw


@dataclass(frozen=True, slots=True)
class Picture:
    """What the draft knows of one picture or added attachment."""

    id: int
    name: str
    taken_at: datetime
    display: Display | None = None  # None: an attachment that the user added
    flaw: Flaw | None = None
    has_pixels: bool = True  # False: there is only a flaw to tell
    is_included: bool = True
    is_earlier: bool = False  # from before a crash
    stored: Path | None = None  # its bytes as they will be sent, once encoded
    size_bytes: int | None = None
    media_type: str = "image/png"
    sha256: str | None = None
    unwritten: bytes | None = field(default=None, repr=False)  # encoded, but the disk did not take it yet
