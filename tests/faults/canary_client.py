"""A user of the real client core who writes what must not get out.

`python -m tests.faults.canary_client PROFILE FOLDER`: FOLDER holds `planted.json` and a folder with the file to attach.
At each gate it writes the gate's name into FOLDER, and waits to be let on.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from client import assembly, crash_log
from client.core import events
from client.core.models import Collector, FrontWindow
from client.core.paths import paths
from client.core.settings import load
from client.system.facts import session
from tests.faults.canary_pictures import shots
from tests.faults.haystack import files, holds
from tests.rigs.waiting import wait_until

GATES = DRAFTED, DELIVERED, CRASHED = ("drafted", "delivered", "crashed")


def main(profile: Path, folder: Path) -> None:
    planted: dict[str, str] = json.loads((folder / "planted.json").read_text())
    where = paths(profile)
    crashed = threading.Event()
    told: list[events.Event] = []

    def on_crash(lane: str, error: BaseException) -> None:
        crash_log.write(where.log, lane, error)
        crashed.set()

    def heard(kind: type[object]) -> Callable[[], bool]:
        return lambda: any(isinstance(event, kind) for event in told)

    lanes = assembly.threaded(on_crash)
    engine = assembly.assemble(where, load(where.machine_config, where.user_config), lanes, told.append)
    engine.start()
    regretted = engine.begin_new("panel")
    regretted.set_words(planted["discarded text"], None, False)
    regretted.discard()

    draft = engine.begin_new("panel")
    draft.set_words(planted["text before it was changed"], None, False)
    draft.add_shots(shots(planted))
    draft.add_file(next((folder / planted["folder of the attachment"]).iterdir()))
    draft.gather(_collectors(planted))
    wait_until(heard(events.FactsFound), "the facts")
    wait_until(lambda: sum(isinstance(event, events.PictureReady) for event in told) == 3, "the pictures")
    hidden = next(picture for picture in draft.pictures if picture.name == "display-2.png")
    draft.include(hidden.id, False)
    draft.include_fact("unticked", False)
    draft.set_words(planted["text"], planted["category"], False)
    wait_until(lambda: holds(files(profile), planted["text"].encode()), "the words to be kept")
    _gate(folder, DRAFTED)

    draft.submit()
    wait_until(heard(events.Delivered), "the receipt", 30)
    _gate(folder, DELIVERED)

    lanes.disk.put(lambda: _fail(planted))
    assert crashed.wait(15)
    _gate(folder, CRASHED)
    engine.close()


def _collectors(planted: dict[str, str]) -> tuple[Collector, ...]:
    def broken() -> tuple[str, str | None]:
        raise ValueError(planted["exception of a fact"])

    window = FrontWindow("printer-setup", planted["window title"])
    return (
        Collector("ticked", "Ticked", lambda: (planted["ticked fact"], None)),
        Collector("unticked", "Unticked", lambda: (planted["unticked fact"], None)),
        Collector("host", "Switched off", lambda: (planted["fact that IT switched off"], None)),
        Collector("broken", "Broken", broken),
        Collector("front", "Program in front", lambda: session.front(window)),
    )


def _fail(planted: dict[str, str]) -> None:
    """A fault of the program that quotes what it works on."""
    try:
        raise KeyError(planted["text"])
    except KeyError as error:
        raise RuntimeError(planted["exception"]) from error


def _gate(folder: Path, name: str) -> None:
    (folder / name).touch()
    wait_until((folder / f"{name}.go").exists, f"to be let through {name}", 60)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
