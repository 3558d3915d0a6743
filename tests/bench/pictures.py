"""The pictures of docs/performance.md, made from what was measured."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.plot import Axis, plot
from tests.faults.soaking.samples import Sample

Row = Mapping[str, Any]


def draw(tables: Mapping[str, Sequence[Row]], soak: Path, folder: Path) -> None:
    """Write those pictures for which there is something to show; the others stay as they were."""
    folder.mkdir(exist_ok=True)
    if rows := tables.get("polling"):
        (folder / "latency.svg").write_text(latency(rows))
    if soak.exists():
        samples = [Sample(**each) for each in json.loads(soak.read_text())["samples"]]
        (folder / "memory.svg").write_text(memory(samples))
    else:
        print(f"no picture of memory: there is no {soak.name} (python -m tests.faults soak --full)", file=sys.stderr)


def latency(polling: Sequence[Row]) -> str:
    """How long an answer takes by the number of clients that ask without a pause."""
    lines = {
        name: [(float(row["clients"]), float(row[key])) for row in polling]
        for name, key in (("half of the answers", "p50_ms"), ("99 % of them", "p99_ms"))
    }
    return plot("Latency against load", Axis("clients", True), Axis("answered within, ms", True), lines)


def memory(samples: Iterable[Sample]) -> str:
    """Each program's resident memory over a soak: what is its own hangs on who else runs the same libraries."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for each in samples:
        lines.setdefault(each.program, []).append((each.t_s / 60, float(asdict(each)["rss_mib"])))
    return plot("Memory over the soak", Axis("minutes"), Axis("resident memory, MiB"), lines)
