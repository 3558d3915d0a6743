"""`make bench`: prints the figures as ratios, and writes build/bench.json. Never fails because of a figure.

`make bench ARGS=--quick` takes fewer pairs.
"""

from __future__ import annotations

import os
import sys

from tests.bench import bundle_figures, measuring, report_figures, tray_figures
from tests.rigs.session import ROOT

PATH = ROOT / "build/bench.json"


def main(arguments: list[str]) -> int:
    quick = "--quick" in arguments
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    found: list[measuring.Figure] = []
    for part in (tray_figures, report_figures, bundle_figures):
        for each in part.figures(quick):
            found.append(each)
            print(measuring.table([each]).splitlines()[1], file=sys.stderr, flush=True)
    print(measuring.table(found))
    measuring.write(found, PATH)
    print(f"Written to {PATH.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
