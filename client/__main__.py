"""Picks the command line or the tray; imports nothing heavy."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run the program; `deskbell` alone, or with nothing but `--profile DIR`, is the tray."""
    given = sys.argv[1:] if arguments is None else arguments
    rest = list(given)
    profile = None
    if len(rest) >= 2 and rest[0] == "--profile":
        profile, rest = rest[1], rest[2:]
    elif rest and rest[0].startswith("--profile="):
        profile, rest = rest[0].partition("=")[2], rest[1:]
    if not rest or rest == ["report", "--panel"]:
        return tray(profile, show_panel=bool(rest))
    from client.cli import run

    return run(given)


def tray(profile: str | None = None, *, show_panel: bool = False) -> int:
    """Run the tray program; where it runs already, open its panel."""
    from pathlib import Path

    from client.app import run

    return run(Path(profile) if profile else None, show_panel)


if __name__ == "__main__":
    sys.exit(main())
