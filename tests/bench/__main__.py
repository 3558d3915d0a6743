"""`make bench`: prints the figures as ratios, and writes build/bench.json. Never fails because of a figure.

`make bench ARGS="--quick tray server"`: fewer pairs, and only these parts.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping

from tests.bench import bundle_figures, measuring, report_figures, server_figures, spool_figures, tray_figures
from tests.rigs.session import ROOT

PATH = ROOT / "build/bench.json"
FIGURES: Mapping[str, Callable[[bool], Iterator[measuring.Figure]]] = {
    "tray": tray_figures.figures,
    "spool": spool_figures.figures,
    "report": report_figures.figures,
    "server": server_figures.figures,
    "bundle": bundle_figures.figures,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(FIGURES)}; all where none is named")
    parser.add_argument("--quick", action="store_true", help="fewer pairs: to see that it works, not to be quoted")
    options = parser.parse_args()
    if unknown := set(options.parts) - FIGURES.keys():
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    found: list[measuring.Figure] = []
    for part in options.parts or FIGURES:
        _measure(part, options.quick, found)
    print(measuring.table(found))
    measuring.add_to(PATH, {each.key: measuring.as_json(each) for each in found})
    print(f"Written to {PATH.relative_to(ROOT)}")
    return 0


def _measure(part: str, is_quick: bool, found: list[measuring.Figure]) -> None:
    """Add a part's figures. Whatever keeps it from being measured is said, and the other parts go on."""
    try:
        for each in FIGURES[part](is_quick):
            found.append(each)
            print(measuring.table([each]).splitlines()[1], file=sys.stderr, flush=True)
    except Exception as error:
        reason = str(error).strip().splitlines() or [""]
        print(f"{part} could not be measured: {type(error).__name__}: {reason[0]}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
