"""What a collector gives: the value and its alarm, or nothing."""

from __future__ import annotations

Found = tuple[str, str | None] | None
