"""What a report costs by the number of displays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median

from tests.bench.measuring import Table
from tests.bench.office import office
from tests.bench.stop_watch import probed_client
from tests.bench.tray_figures import pss_mib, until_idle
from tests.rigs.deskbell import Client, Server
from tests.rigs.desktop import x_desktop
from tests.rigs.screens import Screen
from tests.rigs.trays import TrayHost

SIZES = (1, 2, 4, 8)
IN_A_ROW = 4  # an X screen is 32,767 pixels wide at most
WIDTH, HEIGHT = 3840, 2160


def growth(quick: bool) -> Iterator[Table]:
    """The first report of a fresh client on so many 4K displays: click → panel, bytes on the way, memory after it."""
    sizes = SIZES[:2] if quick else SIZES
    pictures = [office(WIDTH, HEIGHT, seed) for seed in range(sizes[-1])]  # no two alike: the same is sent once
    rows: list[Mapping[str, float]] = []
    for count in sizes:
        screens = [
            Screen("", number % IN_A_ROW * WIDTH, number // IN_A_ROW * HEIGHT, WIDTH, HEIGHT) for number in range(count)
        ]
        with x_desktop(TrayHost.TRAYER, screens, images=pictures[:count]) as desktop:
            session = desktop.session
            session.env.pop("PYTHONDONTWRITEBYTECODE")
            server = Server(session)
            server.set_up()
            server.start()
            client = Client(session, server)
            painted, encoded, memory = [], [], []
            for _ in range(2 if quick else 6):
                run = probed_client(session, client)
                run.click(pictures=count)
                run.wait_for("delivered")
                until_idle(run.process.pid, 2)
                painted.append(run.ms["painted"])
                encoded.append(max(run.ms[f"picture{number}"] for number in range(1, count + 1)))
                memory.append(pss_mib(run.process.pid))
                run.stop()
            sent = sum(map(len, server.filed()[-1].attachments.values()))
        of_many = painted[1:], encoded[1:], memory[1:]  # the first one compiles
        panel_ms, encoded_ms, pss = map(median, of_many)
        rows.append(
            {"displays": count, "panel_ms": panel_ms, "encoded_ms": encoded_ms, "sent_bytes": sent, "pss_mib": pss}
        )
    yield Table("displays", rows)
