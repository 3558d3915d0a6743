"""What a screen reader hears and does, over AT-SPI: `/usr/bin/python3 screen_reader.py APP WHAT …`.

Run by the system's own Python, which alone has pyatspi, so it imports nothing of ours.

    tree                prints the showing parts as JSON: role, name, description, states, actions, and their depth
    type NAME TEXT      replaces the text of an entry
    press ROLE NAME     does what a click on it does
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pyatspi


def main(app: str, what: str, *rest: str) -> int:
    """The exit code: 0, or 1 where there is no such program or part."""
    found = next((each for each in pyatspi.Registry.getDesktop(0) if each and each.name == app), None)
    if found is None:
        return 1
    parts = [(depth, part) for depth, part in walk(found, 0) if part.getState().contains(pyatspi.STATE_SHOWING)]
    if what == "tree":
        json.dump([told(depth, part) for depth, part in parts], sys.stdout)
        return 0
    role, name = ("text", rest[0]) if what == "type" else rest
    part = next((each for _, each in parts if each.getRoleName() == role and each.name == name), None)
    if part is None:
        return 1
    if what == "type":
        part.queryEditableText().setTextContents(rest[1])
    else:
        part.queryAction().doAction(0)
    return 0


def walk(part: Any, depth: int) -> Iterator[tuple[int, Any]]:
    """A part and all below it."""
    yield depth, part
    for child in part:
        if child is not None:
            yield from walk(child, depth + 1)


def told(depth: int, part: Any) -> dict[str, object]:
    """What can be said about a part."""
    try:
        action = part.queryAction()
        actions = [action.getName(number) for number in range(action.nActions)]
    except NotImplementedError:
        actions = []
    states = [pyatspi.stateToString(state) for state in part.getState().getStates()]
    return {
        "depth": depth,
        "role": part.getRoleName(),
        "name": part.name,
        "description": part.description,
        "states": states,
        "actions": actions,
    }


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
