"""The real core on a profile of its own, put together as the command line has it: everything at once, in order."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from client.assembly import assemble, inline
from client.core.engine import Engine
from client.core.errors import Problem
from client.core.events import Delivered, Event, NeedsAttention, NotSaved, Waiting
from client.core.models import Shot
from client.core.paths import Paths, paths
from client.core.settings import Settings, load
from tests.core.workshop import shot

PICTURES = (shot(1, b"\x10\x20\x30\xff", 64, 48), shot(2, b"\x01\x02\x03\xff", 32, 32))


class Client:
    """`engine`, and every event that was told."""

    def __init__(self, profile: Path, url: str, site_key: str, **settings: str) -> None:
        self.paths: Paths = paths(profile)
        profile.mkdir(exist_ok=True)
        self.set_up(url, site_key, **settings)
        self.events: list[Event] = []
        self.engine = self.assemble()

    def set_up(self, url: str, site_key: str, **settings: str) -> None:
        """Write the settings; they count from the next `assemble` on."""
        self.paths.user_config.write_text(json.dumps({"server": url, "site_key": site_key, **settings}))

    def settings(self) -> Settings:
        return load(self.paths.machine_config, self.paths.user_config)

    def assemble(self) -> Engine:
        return assemble(self.paths, self.settings(), inline(), self.events.append)

    def restart(self) -> None:
        """As the next start of the program: what waits is tried."""
        self.engine = self.assemble()
        self.engine.start()

    def report(self, text: str = "printer jams", shots: Sequence[Shot] = PICTURES, files: Sequence[Path] = ()) -> str:
        draft = self.engine.begin_new("cli")
        draft.set_words(text, "printer", True)
        draft.add_shots(shots)
        for path in files:
            draft.add_file(path)
        draft.submit()
        return draft.report_id

    def unsend(self, report_id: str) -> None:
        """As after a crash before the receipt was on disk: the report waits again."""
        (self.paths.spool / "sent" / report_id / "receipt.json").unlink()
        (self.paths.spool / "sent" / report_id).rename(self.paths.spool / "outbox" / report_id)

    def copied_to(self, profile: Path) -> Client:
        """The same profile on another PC."""
        settings = json.loads(self.paths.user_config.read_text())
        shutil.copytree(self.paths.data, profile)
        return Client(profile, **{"url": settings.pop("server"), **settings})

    def delivered(self) -> list[str]:
        return [event.report_id for event in self.events if isinstance(event, Delivered)]

    def needs_attention(self) -> list[Problem]:
        return [event.problem for event in self.events if isinstance(event, NeedsAttention)]

    def not_saved(self) -> list[Problem]:
        return [event.problem for event in self.events if isinstance(event, NotSaved)]

    def held_by(self) -> Problem:
        return [event.problem for event in self.events if isinstance(event, Waiting)][-1]
