"""`python -m tests.faults [NAME …] [--full] [--trials N] [--seed S]`: run campaigns and say what survived.

Every run is added to build/faults.jsonl with its seed and the commit. Exit code 1 where something was found.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.campaign import Campaign, Plan, Result, every_campaign

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "build" / "faults.jsonl"


def main() -> int:
    campaigns = every_campaign()
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(campaigns)}; all where none is named")
    parser.add_argument("--full", action="store_true", help="the full form")
    parser.add_argument("--trials", type=int, help="so many trials instead")
    parser.add_argument("--seed", type=int, help="repeat the run of this seed")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in campaigns]:
        parser.error(f"no campaign is called {', '.join(unknown)}")
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    chosen = [campaigns[name] for name in options.names] or [one for one in campaigns.values() if one.in_tests]
    results = [_run(campaign, options, seed) for campaign in chosen]
    return 0 if all(result.is_clean for result in results) else 1


def _run(campaign: Campaign, options: argparse.Namespace, seed: int) -> Result:
    trials = options.trials or (campaign.full if options.full else campaign.short)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"deskbell-{campaign.name}-") as folder:
        result = campaign.run(Plan(trials, seed, Path(folder), options.full))
    took = time.monotonic() - began
    figures = "".join(f", {name} {value}" for name, value in result.figures.items())
    print(
        f"{campaign.name}: tried {result.tried}, survived {result.survived}, seed {seed}{figures} ({took:.0f} s)",
        flush=True,
    )
    for finding in result.findings:
        print(f"  {finding}", flush=True)
    _keep(campaign, result, seed, took, is_full=trials >= campaign.full)
    return result


def _keep(campaign: Campaign, result: Result, seed: int, took: float, *, is_full: bool) -> None:
    line = {
        "campaign": campaign.name,
        "promise": campaign.promise,
        "tried": result.tried,
        "survived": result.survived,
        "seed": seed,
        "is_full": is_full,
        "seconds": round(took, 1),
        "commit": _commit(),
        "findings": list(result.findings),
        "figures": dict(result.figures),
    }
    FIGURES.parent.mkdir(exist_ok=True)
    with FIGURES.open("a") as out:
        out.write(json.dumps(line) + "\n")


def _commit() -> str:
    """The commit of the work tree, with a + where it has changes that are not committed."""
    command = ["git", "describe", "--always", "--dirty=+"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
