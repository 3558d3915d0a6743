"""What a report costs: from the click to the panel, from Send to "saved" and to the receipt, on two 4K displays."""

from __future__ import annotations

import http.server
import io
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil
import requests
from PIL import Image
from PySide6.QtCore import QBuffer
from PySide6.QtGui import QImage

from client.capture.encode import encode
from client.core.models import Display, FrontWindow, Shot
from tests.bench.measuring import Figure, figure, in_turn, milliseconds
from tests.bench.office import office
from tests.bench.stop_watch import Run, probed_client
from tests.bench.tray_figures import BARE, pss_mib, until_idle
from tests.rigs.deskbell import Client, Server
from tests.rigs.desktop import x_desktop
from tests.rigs.screens import Screen
from tests.rigs.session import Session
from tests.rigs.trays import TrayHost

WIDTH, HEIGHT = 3840, 2160
SCREENS = [Screen("", 0, 0, WIDTH, HEIGHT), Screen("", WIDTH, 0, WIDTH, HEIGHT)]


def figures(quick: bool) -> Iterator[Figure]:
    """The figures that need a display twice as large as most, and the real client with a stop-watch."""
    pictures = [office(WIDTH, HEIGHT, seed) for seed in (7, 8)]
    yield _picture_bytes(pictures)
    yield _facts(5 if quick else 15)
    rounds = 2 if quick else 7
    with x_desktop(TrayHost.TRAYER, SCREENS, images=pictures) as desktop:
        session = desktop.session
        session.env.pop("PYTHONDONTWRITEBYTECODE")
        server = Server(session)
        server.set_up()
        server.start()
        client = Client(session, server)
        runs = [_first_click(session, client) for _ in range(rounds + 1)][1:]  # the first one compiles
        loaded = max(len(run.words["modules"]) for run in runs)
        yield figure("modules_at_ready", [(loaded, 0)], "names")
        yield figure("click_to_panel_ratio", [(run.ms["painted"], run.floor_ms) for run in runs], "ms")
        yield from _five_reports(session, client, server, 1 if quick else 3)
        yield _hidden_encoding(session, client, pictures, 2 if quick else 5)


def _first_click(session: Session, client: Client) -> Run:
    """The first click of a fresh client, and of a fresh floor, one after the other."""
    run = probed_client(session, client)
    run.click()
    run.wait_for("delivered")
    run.stop()
    floor = Run(session.processes, session, "floor", [*BARE, "--grab"])
    until_idle(floor.process.pid)
    floor.click()
    floor.wait_for("painted")
    run.floor_ms = floor.ms["painted"]
    floor.stop()
    return run


def _five_reports(session: Session, client: Client, server: Server, rounds: int) -> Iterator[Figure]:
    """Of fresh clients, each of which makes five reports."""
    saved, received, used = [], [], []
    with _fsyncing_server(session.folder) as url:
        for _ in range(rounds):
            run = probed_client(session, client)
            for _ in range(5):
                run.click()
                run.wait_for("delivered")
                sent = server.filed()[-1]
                body = sent.manifest_bytes + b"".join(sent.attachments.values())
                saved.append((run.ms["saved"], _fdatasync_ms(session.folder)))
                received.append((run.ms["delivered"], _bare_put_ms(url, body)))
            until_idle(run.process.pid, 2)
            mib = pss_mib(run.process.pid)
            run.stop()
            bare = session.processes.start("bare", [session.python, *BARE], session.env)
            until_idle(bare.pid)
            used.append((mib, pss_mib(bare.pid)))
            session.processes.stop(bare)
    yield figure("send_to_saved_ratio", saved, "ms")
    yield figure("send_to_receipt_ratio", received, "ms")
    yield figure("used_pss_ratio", used, "MiB")


def _hidden_encoding(session: Session, client: Client, pictures: Sequence[Image.Image], reports: int) -> Figure:
    """Send to the desk's first answer, two seconds after the click: more than to the first byte."""
    run = probed_client(session, client)
    pairs = []
    shots = [_shot(picture) for picture in pictures]
    for _ in range(reports):
        run.click("wait")
        run.wait_for("delivered")
        pairs.append((run.ms["accepted"], sum(milliseconds(lambda shot=shot: encode(shot)) for shot in shots)))  # type: ignore[misc]
    run.stop()
    return figure("encode_hidden_ratio", pairs, "ms")


def _picture_bytes(pictures: Sequence[Image.Image]) -> Figure:
    pairs = [(len(encode(_shot(each)).data), _qt_png(each)) for each in pictures]
    return figure("picture_bytes_ratio", pairs, "bytes")


def _facts(rounds: int) -> Figure:
    from client.core.facts import gather
    from client.system.facts import collectors

    every = collectors(FrontWindow(), (), "bench")
    pairs = in_turn(
        lambda: milliseconds(lambda: gather(every, off=frozenset())),
        lambda: milliseconds(lambda: [each.info for each in psutil.process_iter(["name", "memory_info"])]),
        rounds,
    )
    return figure("facts_ratio", pairs, "ms")


def _shot(picture: Image.Image) -> Shot:
    display = Display("4K", 1, 0, 0, picture.width, picture.height, 1.0, True)
    return Shot(display, datetime.now(UTC), picture.convert("RGBA").tobytes("raw", "BGRA"))


def _qt_png(picture: Image.Image) -> int:
    pixels = picture.tobytes()
    image = QImage(pixels, picture.width, picture.height, picture.width * 3, QImage.Format.Format_RGB888)
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return buffer.size()


def _fdatasync_ms(folder: Path) -> float:
    """One fdatasync of 4 kB in a new file where the profile is; the median of five.

    The file has a name: one without (O_TMPFILE) has nothing to make durable and syncs in a tenth of the time.
    """

    def once() -> None:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"x" * 4096)
            file.flush()
            taken.append(milliseconds(lambda: os.fdatasync(file.fileno())))

    taken: list[float] = []
    for _ in range(5):
        once()
    return median(taken)


def _bare_put_ms(url: str, body: bytes) -> float:
    with requests.Session() as session:
        session.trust_env = False
        return milliseconds(lambda: session.put(url, data=body, timeout=20).raise_for_status())


@contextmanager
def _fsyncing_server(folder: Path) -> Iterator[str]:
    """A server that writes a body to a file, syncs it, and answers."""

    class Keeper(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = io.BytesIO(self.rfile.read(int(self.headers["Content-Length"])))
            with tempfile.NamedTemporaryFile(dir=folder) as file:
                file.write(body.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keeper) as keeper:
        threading.Thread(target=keeper.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{keeper.server_address[1]}/"
        keeper.shutdown()
