"""M6: a state machine over client, server, faults and time; Hypothesis chooses the steps, and shrinks what it finds.

`--trials` are steps. The same seed gives the same steps; with `--full` what was found is made as short as can be.
"""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.machine.rules import machine_of
from tests.faults.machine.world import World

STEPS_A_RUN = 50
MEMORY = Path("/dev/shm")


def run(plan: Plan) -> Result:
    found: list[str] = []
    steps: dict[str, int] = {}
    with _quick_folder(plan.folder) as folder:
        world = World(folder)
        try:
            with world.installed():
                batch = 0
                while sum(steps.values()) < plan.trials and not found:
                    missing = plan.trials - sum(steps.values())
                    machine = machine_of(world, steps)
                    found += _batch(machine, plan.seed + batch, -(-missing // STEPS_A_RUN), shrinks=plan.is_full)
                    batch += 1
        finally:
            world.desk.close()
    tried = sum(steps.values())
    figures: dict[str, float | str] = {"requests": world.desk.requests, "reports": world.reports}
    return Result(tried, tried - len(found), tuple(found), figures | dict(sorted(steps.items())))


def _batch(machine: type[RuleBasedStateMachine], seed: int, runs: int, *, shrinks: bool) -> list[str]:
    """What so many runs found: nothing, or the steps that lead there; to shrink them may take five minutes."""
    chosen = settings(
        max_examples=runs,
        stateful_step_count=STEPS_A_RUN,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if shrinks else [Phase.generate],
        report_multiple_bugs=False,
        print_blob=False,
    )
    try:
        run_state_machine_as_test(hypothesis.seed(seed)(machine), settings=chosen)
    except Exception as error:
        notes: list[Any] = getattr(error, "__notes__", [])
        return ["\n".join([f"{type(error).__name__}: {error}", *map(str, notes)])]
    finally:
        gc.collect()
    return []


@contextmanager
def _quick_folder(given: Path) -> Iterator[Path]:
    """A folder in memory where there is one: no power is cut here, so that syncing would only cost time."""
    where = MEMORY if MEMORY.is_dir() else given
    with tempfile.TemporaryDirectory(prefix="deskbell-machine-", dir=where) as folder:
        yield Path(folder)


CAMPAIGN = Campaign(
    name="machine",
    promise="whatever happens in whatever order, the invariants hold after every step, and all is delivered in the end",
    short=2_000,
    full=100_000,
    run=run,
)
