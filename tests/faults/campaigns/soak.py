"""M13: a long run at an accelerated pace with a nemesis. `--trials` are minutes; samples go to build/soak.json."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.soaking.samples import FIGURES, Sample, growth
from tests.rigs.namespaces import own_mounts

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "build" / "soak.json"
SMALL_DISK_MIB = 256
JUDGED_MINUTES = 20  # before that, what grows is the warm-up
MOST_GROWTH = 0.05
# Of memory what is resident: what is a program's own, and its share, hang on who else runs the same libraries.
JUDGED = ("rss_mib", "descriptors", "threads")


def run(plan: Plan) -> Result:
    alone = own_mounts()
    if alone is None:
        return Result(0, 0, ("this machine gives no mount namespace",))
    module = "tests.faults.soaking.office"
    command = [*alone, sys.executable, "-m", module, str(plan.trials), str(plan.seed), plan.folder, str(SMALL_DISK_MIB)]
    done = subprocess.run(command, cwd=ROOT, check=False)
    report = plan.folder / "soak.json"
    SAMPLES.parent.mkdir(exist_ok=True)
    for left in (plan.folder / "screen.png", plan.folder / "tray.log"):
        if left.exists():
            shutil.copy(left, SAMPLES.with_name(f"soak-{left.name}"))
    if done.returncode or not report.exists():
        return Result(0, 0, (f"the run ended with {done.returncode}; the last picture is in build/soak-screen.png",))
    told = json.loads(report.read_text())
    SAMPLES.write_text(json.dumps(told))
    samples = [Sample(**each) for each in told["samples"]]
    grown = {
        (program, figure): growth(samples, program, figure, 60 * plan.trials)
        for program in ("client", "server")
        for figure in FIGURES
    }
    findings = list(told["findings"])
    if plan.trials >= JUDGED_MINUTES:
        findings += [
            f"{figure} of the {program} grew by {part:.1%}"
            for (program, figure), part in grown.items()
            if figure in JUDGED and part >= MOST_GROWTH
        ]
    figures: dict[str, float | str] = {"minutes": plan.trials, "by the user": told["by the user"], "cuts": told["cuts"]}
    figures |= told["harm"] | {"outboxes empty after s": told["outboxes empty after s"]}
    figures |= {f"{program} {figure}": f"{part:+.1%}" for (program, figure), part in grown.items()}
    return Result(told["saved"], told["delivered"], tuple(findings), figures)


CAMPAIGN = Campaign(
    name="soak",
    promise="forty minutes of kills, cuts, wrong clocks and full disks: nothing lost, nothing grows",
    short=2,
    full=40,
    run=run,
    needs=("Xvfb", "openbox", "trayer", "dbus-daemon", "xdotool", "cc", "unshare", "mount"),
    in_tests=False,
)
