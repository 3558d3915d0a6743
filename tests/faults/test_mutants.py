"""The mutants fit the code as it is; `make mutants` runs them."""

from __future__ import annotations

import pytest

from tests.faults.campaign import every_campaign
from tests.faults.mutate import ROOT, Mutant, every_mutant

MUTANTS = every_mutant()


def test_there_are_enough_mutants() -> None:
    assert len(MUTANTS) >= 25
    assert len({mutant.name[:2] for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_and_is_caught_by_a_campaign_that_there_is(mutant: Mutant) -> None:
    assert mutant.apply(ROOT, "--check"), "make the patch anew: the code that it changes has changed"
    assert mutant.campaign in every_campaign()
