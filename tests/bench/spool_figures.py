"""What waiting reports cost at start: the real tray program, a real tray host, and a desk that does not answer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

from jeepney import DBusAddress, Properties
from jeepney.io.blocking import open_dbus_connection

from client.core.models import Collector
from tests.bench.measuring import Figure, Table, figure, in_turn
from tests.bench.tray_figures import pss_mib, registered, started, stop, until_idle
from tests.core.workshop import Workshop, shot
from tests.rigs.deskbell import Client, Server
from tests.rigs.desktop import x_desktop
from tests.rigs.session import Session
from tests.rigs.trays import TrayHost, status_notifier_items
from tests.rigs.waiting import wait_until

WAITING = 500
SIZES = (1, 10, 100, 500)
FACTS = tuple(
    Collector(f"fact_{number}", f"Fact {number}", lambda: ("3 GB free of 256 GB", None)) for number in range(20)
)


def figures(quick: bool) -> Iterator[Figure]:
    """Start with 500 waiting reports beside start with none."""
    with away_from_the_desk() as (session, profile):
        full = session.folder / "full"
        shutil.copytree(profile, full)
        fill(full, WAITING)
        ours, floor = program(session, full), program(session, profile)
        pairs = in_turn(lambda: started(session, ours)[0], lambda: started(session, floor)[0], 5 if quick else 15)
        yield figure("spool_500_ratio", pairs, "ms")


def growth(quick: bool) -> Iterator[Table]:
    """By number of waiting reports: start, the moment when the icon tells of all of them, memory."""
    with away_from_the_desk() as (session, profile):
        rows = []
        for before, count in pairwise((0, *(SIZES[:3] if quick else SIZES))):
            fill(profile, count - before)
            ours = program(session, profile)
            rows.append({"reports": count, **_medians([_told(session, ours, count) for _ in range(2 if quick else 5)])})
        yield Table("waiting", rows)


def program(session: Session, profile: Path) -> Sequence[str]:
    """The command of the tray program."""
    return [session.python, "-m", "client", "--profile", str(profile)]


def fill(profile: Path, count: int) -> None:
    """So many more reports that are saved and wait, by the client's own core: a picture of 320 kB and 20 facts each."""
    shop = Workshop(profile, None)
    for number in range(count):
        draft = shop.engine.begin_new("panel")
        draft.set_words("Outlook asks for my password again and again", "app", False)
        draft.gather(FACTS)
        draft.add_shots([shot(1, number.to_bytes(4, "big"), 400, 200)])
        draft.submit()
    assert len(shop.spool.waiting()) >= count


@contextmanager
def away_from_the_desk() -> Iterator[tuple[Session, Path]]:
    """A desktop, and a profile that has heard the desk once. The desk is gone since."""
    with x_desktop(TrayHost.LXQT) as desktop:
        session = desktop.session
        session.env.pop("PYTHONDONTWRITEBYTECODE")
        server = Server(session)
        server.set_up()
        server.start()
        profile = Client(session, server).profile
        started(session, program(session, profile))  # compiles, reads everything once, hears the desk
        server.stop()
        yield session, profile


def _told(session: Session, ours: Sequence[str], count: int) -> dict[str, float]:
    began_s = perf_counter()
    process, start_ms = registered(session, ours)
    words = f"{count} report" + ("s are" if count > 1 else " is")
    wait_until(lambda: words in _tooltip(session), f"the icon to tell of {count}", 30, every_s=0.005)
    told_ms = (perf_counter() - began_s) * 1000
    until_idle(process.pid)
    mib = pss_mib(process.pid)
    stop(session, process)
    return {"start_ms": start_ms, "told_ms": told_ms, "pss_mib": mib}


def _tooltip(session: Session) -> str:
    """The title of the only icon's tooltip, as a host reads it."""
    (item,) = status_notifier_items(session) or []
    owner, _, path = item.partition("/")
    address = DBusAddress(f"/{path}", owner, "org.kde.StatusNotifierItem")
    with open_dbus_connection(session.env["DBUS_SESSION_BUS_ADDRESS"]) as bus:
        reply = bus.send_and_get_reply(Properties(address).get("ToolTip"), timeout=5)
    _icon, _pixels, title, _text = reply.body[0][1]
    return str(title)


def _medians(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {key: median(row[key] for row in rows) for key in rows[0]}
