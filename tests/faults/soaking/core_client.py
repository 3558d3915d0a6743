"""The real core without windows, which makes a report every few seconds: `… core_client PROFILE FOLDER PACE_S`.

Says on standard output, one line of JSON each, what a window would have shown. SIGUSR1: no more reports, only sending.
"""

from __future__ import annotations

import json
import os
import queue
import random
import signal
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path

from client import assembly
from client.core.events import Event, NotSaved, Saved
from client.core.models import Display, Shot
from client.core.paths import paths
from client.core.settings import load

ANSWER_S = 90.0


def main(profile: str, folder: str, pace_s: str) -> int:
    enough = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: enough.set())
    places = paths(Path(profile))
    told: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def on_event(event: Event) -> None:
        if isinstance(event, (Saved, NotSaved)):
            told.put(event)
        elif report_id := getattr(event, "report_id", None):
            _say(type(event).__name__, report_id=report_id)

    settings = load(places.machine_config, places.user_config)
    engine = assembly.assemble(places, settings, assembly.threaded(_crashed), on_event)
    engine.start()
    attachment = Path(folder) / f"attachment-{os.getpid()}.bin"
    number = 0
    while not enough.wait(random.expovariate(1 / float(pace_s))):
        number += 1
        text = f"report {number} of process {os.getpid()}: {random.getrandbits(64):x} – grüß 日本"
        attachment.write_bytes(random.randbytes(random.randrange(1, 60_000)))
        draft = engine.begin("cli")
        draft.set_words(text, None, False)
        draft.add_file(attachment)
        if number % 3 == 0:
            draft.add_shots([_shot()])
        draft.submit()
        while isinstance(event := told.get(timeout=ANSWER_S), NotSaved):
            _say("NotSaved", report_id=draft.report_id, code=event.problem.code)
            enough.wait(1.0)
            draft.submit()  # the user presses Send again
        pictures = [one.sha256 for one in draft.pictures if one.is_included]
        _say("Saved", report_id=draft.report_id, text=text, pictures=pictures)
    _say("enough")
    while True:
        signal.pause()


def _shot() -> Shot:
    display = Display("DP-1", 1, 0, 0, 320, 200, primary=True)
    return Shot(display, datetime.now(UTC), random.randbytes(64) * (320 * 200 * 4 // 64))


def _crashed(source: str, error: BaseException) -> None:
    _say("crashed", source=source, error="".join(traceback.format_exception(error)))


def _say(told: str, **more: object) -> None:
    print(json.dumps({"told": told, **more}), flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
