"""What programs use while they run, and whether it grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import psutil

WARM_UP = 0.25  # of the run: caches fill, allocators find their size
WINDOW = 0.2  # of the run: what comes after the warm-up is compared with what comes last


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at one program. `t_s` is since the run began; memory in MiB: its own, resident, and proportional.

    `descriptors` without those of the server's database connections: there is one more for each request that ever ran
    beside others, and an end to it (tests/server/test_descriptors.py).
    """

    program: str
    t_s: float
    own_mib: float
    rss_mib: float
    pss_mib: float
    descriptors: int
    threads: int


FIGURES = ("own_mib", "rss_mib", "pss_mib", "descriptors", "threads")


def look(program: str, pid: int, t_s: float) -> Sample:
    """What a process uses now."""
    process = psutil.Process(pid)
    memory = process.memory_full_info()
    mib = 1024 * 1024
    return Sample(
        program,
        round(t_s, 1),
        round(memory.uss / mib, 2),
        round(memory.rss / mib, 2),
        round(memory.pss / mib, 2),
        process.num_fds() - sum(".sqlite3" in Path(file.path).name for file in process.open_files()),
        process.num_threads(),
    )


def growth(samples: Sequence[Sample], program: str, figure: str, whole_s: float) -> float:
    """By what part a figure grew from after the warm-up to the end: the medians of two windows; 0.02 is 2 %."""
    early = _in(samples, program, figure, WARM_UP * whole_s, (WARM_UP + WINDOW) * whole_s)
    late = _in(samples, program, figure, (1 - WINDOW) * whole_s, whole_s)
    return median(late) / median(early) - 1


def _in(samples: Sequence[Sample], program: str, figure: str, start_s: float, end_s: float) -> list[float]:
    return [float(asdict(each)[figure]) for each in samples if each.program == program and start_s <= each.t_s <= end_s]
