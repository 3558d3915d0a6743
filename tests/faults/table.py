"""`python -m tests.faults.table`: the newest full run of each campaign, as a table in docs/reliability.md."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from tests.faults.__main__ import FIGURES
from tests.faults.campaign import Campaign, every_campaign
from tests.faults.rows import PAGE

BEGIN = "<!-- campaigns: made by python -m tests.faults.table -->"
END = "<!-- end of campaigns -->"
HEAD = (
    "| campaign | what is promised | tried | survived | figures | seed | commit | minutes |",
    "|---|---|--:|--:|---|--:|---|--:|",
)
Run = Mapping[str, Any]


def main() -> int:
    if not FIGURES.exists():
        print(f"there is no {FIGURES}: python -m tests.faults --full", file=sys.stderr)
        return 1
    campaigns = every_campaign()
    newest = newest_full_runs(map(json.loads, FIGURES.read_text().splitlines()), campaigns)
    PAGE.write_text(with_table(PAGE.read_text(), table(campaigns.values(), newest)))
    missing = [name for name in campaigns if name not in newest]
    if missing:
        print(f"no full run yet: {', '.join(missing)}", file=sys.stderr)
    return 0


def newest_full_runs(runs: Iterable[Run], campaigns: Mapping[str, Campaign]) -> dict[str, Run]:
    """The last run in full form of each campaign that there is."""
    return {run["campaign"]: run for run in runs if run["campaign"] in campaigns and run.get("is_full")}


def table(campaigns: Iterable[Campaign], newest: Mapping[str, Run]) -> str:
    """A row for each campaign, in their order; dashes where it was not run in full."""
    return "\n".join([*HEAD, *(_row(campaign, newest.get(campaign.name)) for campaign in campaigns)])


def with_table(page: str, made: str) -> str:
    """The page with the table in its place. Raises ValueError where the page has no place for it."""
    before, begins, rest = page.partition(BEGIN)
    _, ends, after = rest.partition(END)
    if not begins or not ends:
        raise ValueError("the page has no place for the table of campaigns")
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"


def _row(campaign: Campaign, run: Run | None) -> str:
    promise = campaign.promise[:1].upper() + campaign.promise[1:]
    if run is None:
        return f"| `{campaign.name}` | {promise} | – | – | – | – | – | – |"
    figures = ", ".join(f"{name} {_number(value)}" for name, value in run["figures"].items()) or "–"
    cells = [f"`{campaign.name}`", promise, _number(run["tried"]), _number(run["survived"]), figures]
    cells += [str(run["seed"]), f"`{run['commit']}`", f"{run['seconds'] / 60:.1f}"]
    return f"| {' | '.join(cells)} |"


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
