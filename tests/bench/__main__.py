"""`make bench`: what it costs, as ratios. Never fails because of a figure.

    make bench                                      every part, about twenty minutes
    make bench ARGS=--quick                         a few minutes, to see that it works
    make bench ARGS="tray server"                   only these parts

What was found is added to build/bench.json and build/bench-tables.json, of which run it is to build/bench-runs.json.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping

from tests.bench import (
    bundle_figures,
    display_growth,
    measuring,
    peers,
    report_figures,
    server_figures,
    spool_figures,
    tray_figures,
)
from tests.bench.machine import commit, machine
from tests.bench.measuring import Figure, Table
from tests.rigs.session import ROOT

FIGURES = ROOT / "build/bench.json"
TABLES = ROOT / "build/bench-tables.json"
RUNS = ROOT / "build/bench-runs.json"

Part = Callable[[bool], Iterator[Figure | Table]]
PARTS: Mapping[str, Part] = {
    "tray": tray_figures.figures,
    "spool": spool_figures.figures,
    "report": report_figures.figures,
    "server": server_figures.figures,
    "peers": peers.tables,
    "bundle": bundle_figures.figures,
    "waiting": spool_figures.growth,
    "displays": display_growth.growth,
    "clients": server_figures.growth,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all where none is named")
    parser.add_argument(
        "--quick", action="store_true", help="fewer pairs and smaller sizes: to see that it works, not to be quoted"
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    found: list[Figure | Table] = []
    for part in options.parts or PARTS:
        found += _measured(part, options.quick)
    figures = [each for each in found if isinstance(each, Figure)]
    if figures:
        print(measuring.table(figures))
    _keep(found, is_quick=options.quick)
    return 0


def _measured(part: str, is_quick: bool) -> Iterator[Figure | Table]:
    """What a part gives. Whatever keeps it from being measured is said, and the other parts go on."""
    began_s = time.monotonic()
    try:
        for each in PARTS[part](is_quick):
            told = measuring.table([each]).partition("\n")[2] if isinstance(each, Figure) else measuring.as_text(each)
            print(told, file=sys.stderr, flush=True)
            yield each
    except Exception as error:
        reason = str(error).strip().splitlines() or [""]
        print(f"{part} could not be measured: {type(error).__name__}: {reason[0]}", file=sys.stderr)
    print(f"({part}: {time.monotonic() - began_s:.0f} s)", file=sys.stderr, flush=True)


def _keep(found: list[Figure | Table], *, is_quick: bool) -> None:
    run = {**machine(), "commit": commit(), "is_quick": is_quick}
    measuring.add_to(FIGURES, {each.key: measuring.as_json(each) for each in found if isinstance(each, Figure)})
    measuring.add_to(TABLES, {each.key: list(each.rows) for each in found if isinstance(each, Table)})
    measuring.add_to(RUNS, {each.key: run for each in found})
    print(f"Written to {', '.join(str(path.relative_to(ROOT)) for path in (FIGURES, TABLES, RUNS))}")


if __name__ == "__main__":
    sys.exit(main())
