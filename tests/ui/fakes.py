"""Stand-ins for what the windows are given: a draft that writes nothing, an engine that sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from client.core.errors import DeskbellError, Problem
from client.core.events import OutboxChanged
from client.core.models import Category, Collector, DeskInfo, Display, Fact, Flaw, FrontWindow, Shot
from client.core.picture import Picture
from client.ui.reporting import Senses

TAKEN_AT = datetime(2026, 11, 23, 9, 41, 7, tzinfo=UTC)
DESK = DeskInfo(
    name="Example Ltd",
    phone="5500",
    on_duty=("Anna Kern", "Raj Patel"),
    first_answer_s=14 * 60,
    categories=(
        Category("app", "App not working"),
        Category("slow", "Slow"),
        Category("signin", "Sign-in"),
        Category("printer", "Printer"),
        Category("network", "Network"),
        Category("other", "Other"),
    ),
)
OTHER_DESK = DeskInfo(phone="7700", on_duty=("Mia Sommer",), first_answer_s=3 * 3600, categories=DESK.categories[:1])
FACTS = (
    Fact("host", "Computer", "LAP-4F2"),
    Fact("user", "User", "CORP\\anna"),
    Fact("model", "Model", "ThinkPad T14 Gen 4"),
    Fact("os", "Operating system", "Windows 11 Pro 24H2"),
    Fact("boot", "Last start", "9 days ago", "long ago"),
    Fact("memory", "Memory", "4.1 GB free of 16 GB"),
    Fact("disks", "Disks", "C: 3 GB free of 256 GB", "low"),
    Fact("displays", "Displays", "1: 3840 × 2160 at 150 %\n2: 1920 × 1080 at 100 %"),
)


def display(number: int, width: int = 1920, height: int = 1080) -> Display:
    return Display(f"DP-{number}", number, (number - 1) * width, 0, width, height, primary=number == 1)


def shot(number: int, width: int = 1920, height: int = 1080, *, colour: bytes = b"\xa0\x60\x20\xff") -> Shot:
    return Shot(display(number, width, height), TAKEN_AT, bytearray(colour) * (width * height))


def flawed(number: int, flaw: Flaw) -> Shot:
    return Shot(display(number), TAKEN_AT, None, flaw)


class FakeDraft:
    """Behaves as `client.core.draft.Draft` does, in memory. `submissions` counts what reached it."""

    def __init__(self, report_id: str = "r1", *, is_restored: bool = False, excluded: Iterable[str] = ()) -> None:
        self.report_id = report_id
        self.is_restored = is_restored
        self.is_submitted = False
        self.is_ended = False
        self.text = ""
        self.category: str | None = None
        self.blocking = False
        self.pictures: tuple[Picture, ...] = ()
        self.facts: tuple[Fact, ...] = ()
        self.submissions = 0
        self.put_asides = 0
        self.gathered = 0
        self.excluded = set(excluded)
        self.too_big: frozenset[Path] = frozenset()

    def excluded_facts(self) -> frozenset[str]:
        return frozenset(self.excluded)

    def set_words(self, text: str, category: str | None, blocking: bool) -> None:
        self.text, self.category, self.blocking = text, category, blocking

    def take_in(self, shots: Sequence[Shot]) -> None:
        start = len(self.pictures) + 1
        self.pictures += tuple(
            Picture(
                id=number,
                name=f"display-{one.display.number}.png",
                taken_at=one.taken_at,
                display=one.display,
                flaw=one.flaw,
                has_pixels=one.pixels is not None,
                is_included=one.pixels is not None,
            )
            for number, one in enumerate(shots, start)
        )

    def encode(self) -> None:
        pass

    def add_file(self, path: Path) -> Picture:
        if path in self.too_big:
            raise DeskbellError(Problem("too_large", "“log.zip” cannot be attached", "It is larger than 25 MB."))
        added = Picture(id=len(self.pictures) + 1, name=path.name, taken_at=TAKEN_AT, size_bytes=1_234_567)
        self.pictures += (added,)
        return added

    def include(self, picture_id: int, is_included: bool) -> None:
        if self.is_submitted:
            return
        self.pictures = tuple(
            replace(one, is_included=is_included) if one.id == picture_id else one for one in self.pictures
        )

    def include_fact(self, key: str, is_included: bool) -> None:
        (self.excluded.discard if is_included else self.excluded.add)(key)

    def gather(self, collectors: Sequence[Collector]) -> None:
        self.gathered += 1

    def submit(self) -> None:
        self.submissions += 1
        self.is_submitted = True

    def put_aside(self) -> None:
        self.put_asides += 1
        self.is_ended = True


class FakeEngine:
    def __init__(self) -> None:
        self.drafts: list[FakeDraft] = []
        self.info: DeskInfo | None = DESK
        self.problems: tuple[Problem, ...] = ()
        self.retries = 0
        self.refreshes = 0

    def begin(self, via: str) -> FakeDraft:
        self.drafts.append(FakeDraft(f"r{len(self.drafts) + 1}"))
        return self.drafts[-1]

    def desk(self) -> DeskInfo | None:
        return self.info

    def refresh_desk(self) -> None:
        self.refreshes += 1

    def send_now(self) -> None:
        self.retries += 1

    def state(self) -> OutboxChanged:
        return OutboxChanged(0, 0, False)


class FakeCamera:
    """Gives `shots` at each click; `takes` counts them."""

    name = "fake"
    on_gui_thread = False

    def __init__(self, *shots: Shot) -> None:
        self.shots = shots
        self.takes = 0

    def take(self) -> tuple[Shot, ...]:
        self.takes += 1
        return self.shots


def senses(camera: FakeCamera) -> Senses:
    return Senses(
        camera=lambda: camera,
        note_displays=lambda: None,
        front_window=lambda: FrontWindow("outlook", "Inbox"),
        collectors=lambda front: (),
    )
