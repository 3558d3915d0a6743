"""The short form of every campaign: `python -m tests.faults NAME --seed S` repeats one."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from tests.faults.campaign import Campaign, Plan, every_campaign

SHORT = [campaign for campaign in every_campaign().values() if campaign.in_tests]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("campaign", SHORT, ids=lambda campaign: campaign.name)
def test_what_is_promised_survives(campaign: Campaign, tmp_path: Path) -> None:
    missing = [program for program in campaign.needs if not shutil.which(program)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (installer/linux/need-packages faults)")
    if campaign.needs_root and os.geteuid() != 0:
        pytest.skip("needs root")
    seed = random.SystemRandom().randrange(10**6)
    result = campaign.run(Plan(campaign.short, seed, tmp_path))
    assert result.is_clean, (campaign.name, seed, result.findings)
