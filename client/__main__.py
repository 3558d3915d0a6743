"""Picks the command line or the tray; imports nothing heavy."""

from __future__ import annotations

import sys

_DESKTOPS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")  # the last one names a desktop of its own


def N_(text: str) -> str:
    return text


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
    import os
    from pathlib import Path

    if sys.platform.startswith("linux") and not any(map(os.environ.get, _DESKTOPS)):
        return _complain(N_("There is no desktop here to show an icon on. “deskbell report” works here too."))
    try:
        windowed = _windowed_program()
        if windowed:
            return _start(windowed, profile, show_panel)
        from client.app import run

        return run(Path(profile) if profile else None, show_panel)
    except OSError as error:
        return _complain(N_("Deskbell cannot keep anything here: {reason}"), reason=str(error))


def _windowed_program() -> str | None:
    """Of the frozen console program: the windowed one beside it, which needs no terminal and ends with none."""
    from pathlib import Path

    program = Path(sys.executable)
    is_console = getattr(sys, "frozen", False) and program.stem == "deskbell"
    return str(program.with_stem("deskbell-tray")) if is_console else None


def _start(windowed: str, profile: str | None, show_panel: bool) -> int:
    import subprocess

    arguments = (["--profile", profile] if profile else []) + (["report", "--panel"] if show_panel else [])
    nothing = subprocess.DEVNULL
    subprocess.Popen(  # noqa: S603 - our own program
        [windowed, *arguments], stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
    )
    return 0


def _complain(text: str, **values: str) -> int:
    from client.core import words

    words.use(None)
    print(words._(text).format(**values), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
