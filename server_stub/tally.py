"""Counts answers, for ``/metrics``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping


class Tally:
    """How many answers of each class there were since `started_s` (Unix time). Used from the event loop only."""

    def __init__(self, started_s: float) -> None:
        self._started_s = started_s
        self._answers: Counter[str] = Counter({f"{n}xx": 0 for n in (2, 3, 4, 5)})

    def add(self, status: int) -> None:
        """Count one answer."""
        self._answers[f"{status // 100}xx"] += 1

    def values(self) -> Mapping[str, float]:
        """Metric names with their values."""
        answers = {f'deskbell_responses_total{{class="{name}"}}': n for name, n in sorted(self._answers.items())}
        return {**answers, "deskbell_start_time_seconds": self._started_s}
