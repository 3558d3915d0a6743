"""What a campaign is: a promise, so many trials of one kind of fault, and what was found to be broken."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import campaigns


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: how many trials, from which seed, in which empty folder."""

    trials: int
    seed: int
    folder: Path
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What a run tried and what survived. `findings` says each broken promise so that it can be repeated.

    `figures` are further numbers for the table: {"system calls": 512, "requests": 90}.
    """

    tried: int
    survived: int
    findings: tuple[str, ...] = ()
    figures: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        return self.tried > 0 and self.survived == self.tried and not self.findings


@dataclass(frozen=True, slots=True)
class Campaign:
    """`short` trials run with the tests, `full` by command. `needs` are programs, `needs_root` says itself."""

    name: str
    promise: str
    short: int
    full: int
    run: Callable[[Plan], Result]
    needs: tuple[str, ...] = ()
    needs_root: bool = False
    in_tests: bool = True


def every_campaign() -> dict[str, Campaign]:
    """All campaigns by name, in the order of their modules' names."""
    found = {}
    for module in pkgutil.iter_modules(campaigns.__path__):
        campaign: Campaign = importlib.import_module(f"{campaigns.__name__}.{module.name}").CAMPAIGN
        found[campaign.name] = campaign
    return found
