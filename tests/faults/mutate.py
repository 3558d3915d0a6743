"""`make mutants` (`python -m tests.faults.mutate [NUMBER …]`): defects made on purpose, each of which must be found.

A mutant is a patch in mutants/ whose first lines say what it breaks and which campaign finds it, with its arguments.
It is applied to a copy of this tree, and the campaign is run there. What finds mutants must first find nothing in the
tree as it is. Exit code 1 where a mutant survives, a patch does not fit any more, or fault is found without one.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MUTANTS = Path(__file__).parent / "mutants"
PARTS = ("client", "server_stub", "assets", "tests", "pyproject.toml")
LIMIT_S = 600.0
_HEAD = re.compile(r"Breaks: (?P<breaks>.+)\nCaught by: (?P<caught_by>.+)\n")


class Outcome(StrEnum):
    CLEAN = "finds nothing"
    FOUND = "finds fault"
    BROKEN = "did not run to its end"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A patch, what it breaks in words, and the arguments of `python -m tests.faults` that find it."""

    path: Path
    breaks: str
    caught_by: str

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def campaign(self) -> str:
        return shlex.split(self.caught_by)[0]

    def apply(self, tree: Path, *options: str) -> bool:
        """Change the files under `tree`; False where the patch does not fit, and then nothing is changed."""
        command = ["git", "apply", "-C1", *options, str(self.path)]
        env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)}  # it is no part of another repository
        return subprocess.run(command, cwd=tree, env=env, capture_output=True, check=False).returncode == 0


def every_mutant() -> list[Mutant]:
    """All mutants, by number."""
    return [_read(path) for path in sorted(MUTANTS.glob("*.patch"))]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutate", description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int, metavar="NUMBER", help="of a mutant; all where none is named")
    options = parser.parse_args(arguments)
    mutants = [each for each in every_mutant() if not options.numbers or int(each.name[:2]) in options.numbers]
    commands = dict.fromkeys(each.caught_by for each in mutants)
    with tempfile.TemporaryDirectory(prefix="deskbell-mutants-") as folder:
        faulty = [command for command in commands if not _is_clean(command, Path(folder))]
        survivors = [mutant for mutant in mutants if not _is_caught(mutant, Path(folder))]
    print(f"mutants: {len(mutants) - len(survivors)} of {len(mutants)} caught")
    return 1 if faulty or survivors else 0


def _read(path: Path) -> Mutant:
    head = _HEAD.match(path.read_text())
    assert head, f"{path.name} does not begin with what it breaks and what catches it"
    return Mutant(path, head["breaks"], head["caught_by"])


def _is_clean(command: str, folder: Path) -> bool:
    began = time.monotonic()
    outcome, said = _run(command, _copy(folder))
    print(f"without a mutant: {command:45} {outcome} ({time.monotonic() - began:.0f} s)", flush=True)
    if outcome is not Outcome.CLEAN:
        print(said)
    return outcome is Outcome.CLEAN


def _is_caught(mutant: Mutant, folder: Path) -> bool:
    began = time.monotonic()
    tree = _copy(folder)
    fits = mutant.apply(tree)
    outcome, said = _run(mutant.caught_by, tree) if fits else (Outcome.BROKEN, "the patch does not fit any more")
    verdict = "caught" if outcome is Outcome.FOUND else "SURVIVED" if outcome is Outcome.CLEAN else "BROKEN"
    print(f"{verdict:8} {mutant.name:45} {mutant.caught_by:45} ({time.monotonic() - began:.0f} s)", flush=True)
    if outcome is Outcome.BROKEN:
        print(said)
    return outcome is Outcome.FOUND


def _copy(folder: Path) -> Path:
    tree = Path(tempfile.mkdtemp(dir=folder))
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / part)
    return tree


def _run(command: str, tree: Path) -> tuple[Outcome, str]:
    """What a campaign says in a tree, which is deleted afterwards."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults", *shlex.split(command)],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome.BROKEN, f"not done within {LIMIT_S:.0f} s"
    finally:
        shutil.rmtree(tree, ignore_errors=True)
    if done.returncode == 0:
        return Outcome.CLEAN, done.stdout
    has_ended = re.search(r": tried \d+, survived \d+", done.stdout)
    return (Outcome.FOUND if has_ended else Outcome.BROKEN), done.stdout


if __name__ == "__main__":
    sys.exit(main())
