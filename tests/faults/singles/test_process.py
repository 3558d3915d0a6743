"""Processes that stop, die, multiply, grow old or come from another PC."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from client.core import draft_file, manifest
from client.core.events import NotSaved, Saved
from tests.core.client import Client
from tests.core.desk import LoopbackDesk
from tests.core.workshop import Workshop, shot
from tests.faults.exchange import Exchange, Fault, Kind
from tests.faults.proxy import FaultProxy
from tests.rigs.desk_server import DeskServer
from tests.rigs.processes import Processes
from tests.rigs.waiting import wait_until
from tests.server.rig import Server

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    with Processes(tmp_path) as running:
        yield running  # type: ignore[misc]


def sender(processes: Processes, person: Client, name: str) -> subprocess.Popen[bytes]:
    """`deskbell outbox --send` on a profile, as a process of its own."""
    command = [sys.executable, "-m", "client", "--profile", str(person.paths.data), "outbox", "--send"]
    return processes.start(name, command, os.environ | {"PYTHONPATH": str(ROOT)})


def test_a_sender_stopped_in_the_middle_is_left_its_report_and_the_others_go(
    tmp_path: Path, desk_server: DeskServer, processes: Processes
) -> None:
    """As when the PC sleeps, or the process is stopped for ten minutes."""
    person = Client(tmp_path / "profile", "http://127.0.0.1:9", desk_server.site_key)
    stuck = person.report("stuck")
    reached = threading.Event()

    def stop(exchange: Exchange) -> Fault:
        if stuck in exchange.path and not reached.is_set():
            os.kill(first.pid, signal.SIGSTOP)
            reached.set()
        return Fault()

    with FaultProxy(desk_server.url, stop) as proxy:
        person.set_up(proxy.url, desk_server.site_key)
        first = sender(processes, person, "first")
        assert reached.wait(30)
        person.restart()
        other = person.report("other")
        assert person.delivered() == [other]
        assert person.engine.spool.waiting() == [stuck]
        os.kill(first.pid, signal.SIGCONT)
        assert first.wait(60) == 0
    assert person.engine.spool.waiting() == []
    assert desk_server.rows("select count(*) from tickets where id in (?, ?)", stuck, other) == [(2,)]


def test_an_upload_that_slept_longer_than_the_server_waits_is_sent_again(
    tmp_path: Path, serving: Callable[..., Server], processes: Processes
) -> None:
    server = serving(stall_s=0.2)
    slept = threading.Event()

    def sleep(exchange: Exchange) -> Fault:
        if exchange.method == "PUT" and "/tickets/" in exchange.path and not slept.is_set():
            slept.set()
            return Fault(Kind.SLOW, pause_s=0.25)
        return Fault()

    with FaultProxy(server.url, sleep) as proxy:
        person = Client(tmp_path / "profile", proxy.url, server.site_key)
        report_id = person.report()
        wait_until(lambda: person.restart() or person.delivered(), "the report to be delivered", every_s=0.5)
    assert person.delivered() == [report_id]


CRASHING = """
import os, signal, sys
from pathlib import Path
from tests.core.desk import LoopbackDesk
from tests.core.workshop import Workshop
desk = LoopbackDesk()
def fail(call, report_id):
    if report_id == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGSEGV)
desk.failing = fail
shop = Workshop(Path(sys.argv[1]), desk)
shop.outbox.look()
shop.clockwork.run_due()
"""


def test_a_report_that_ends_its_sender_twice_lets_the_others_go_first(tmp_path: Path, desk: LoopbackDesk) -> None:
    shop = Workshop(tmp_path / "profile", None)
    others = [shop.report(f"other {number}").report_id for number in range(3)]
    deadly = shop.report("deadly").report_id

    def start() -> int:
        command = [sys.executable, "-c", CRASHING, str(shop.profile), deadly]
        return subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode

    assert start() == -signal.SIGSEGV  # the newest comes first
    assert set(shop.places()) == {deadly, *others}
    assert start() == -signal.SIGSEGV
    assert shop.places() == {deadly: "outbox", **dict.fromkeys(others, "sent")}
    again = Workshop(shop.profile, desk)  # mended
    again.outbox.look()
    again.clockwork.run_due()
    assert again.places()[deadly] == "sent"


def test_fifty_users_of_a_terminal_server_report_at_once(tmp_path: Path, desk_server: DeskServer) -> None:
    people = [Client(tmp_path / f"user-{number}", desk_server.url, desk_server.site_key) for number in range(50)]
    together = threading.Barrier(50)
    reports: dict[int, str] = {}

    def report(number: int) -> None:
        together.wait(30)
        reports[number] = people[number].report(f"report of user {number}")

    running = [threading.Thread(target=report, args=(number,)) for number in range(50)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    for number, person in enumerate(people):
        if not person.delivered():  # the server was busy just then
            person.restart()
        assert person.delivered() == [reports[number]]
    marks = ",".join("?" * 50)
    assert desk_server.rows(
        f"select count(*), count(distinct device_id) from tickets where id in ({marks})", *reports.values()
    ) == [(50, 50)]


def test_a_profile_copied_to_a_second_pc_makes_one_ticket_of_each_report(
    tmp_path: Path, desk_server: DeskServer
) -> None:
    first = Client(tmp_path / "first", desk_server.url, desk_server.site_key)
    first.report("known before")
    first.set_up("http://127.0.0.1:9", desk_server.site_key)
    first.engine = first.assemble()
    waits = first.report("waits")
    second = first.copied_to(tmp_path / "second")
    for each in (first, second):
        each.set_up(desk_server.url, desk_server.site_key)
        each.restart()
        assert each.delivered()[-1] == waits
        assert each.engine.spool.waiting() == []
    assert desk_server.rows("select count(*) from tickets where id = ?", waits) == [(1,)]
    own = second.report("from the second PC")
    assert second.delivered()[-1] == own


def test_without_a_free_descriptor_nothing_is_said_to_be_saved(shop: Workshop, desk: LoopbackDesk) -> None:
    draft = shop.engine.begin_new("panel")
    draft.set_words("printer jams", None, False)
    draft.add_shots([shot()])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
    taken: list[int] = []
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        draft.submit()
    finally:
        for handle in taken:
            os.close(handle)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    (told,) = shop.told(NotSaved)
    assert told.problem.code == "not_saved"
    assert not shop.told(Saved)
    draft.submit()
    shop.deliver()
    assert shop.places() == {draft.report_id: "sent"}
    assert desk.has_all_of(draft.report_id)


def test_without_a_free_descriptor_a_saved_report_waits(
    client: Client, desk_server: DeskServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.report("so that everything is loaded")
    client.set_up("http://127.0.0.1:9", desk_server.site_key)
    client.engine = client.assemble()
    report_id = client.report("waits")
    client.set_up(desk_server.url, desk_server.site_key)
    client.engine = client.assemble()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
    taken: list[int] = []
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        client.engine.look()
    finally:
        for handle in taken:
            os.close(handle)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert client.engine.spool.waiting() == [report_id]
    client.restart()
    assert client.delivered()[-1] == report_id


def test_a_machine_that_makes_no_more_threads_delays_a_report_and_loses_none(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with suppress(RuntimeError):  # a fault that the lane reports
            client.report()
    assert len(client.engine.spool.waiting()) == 1
    client.restart()
    assert len(client.delivered()) == 1


def test_memory_that_runs_out_while_a_picture_is_encoded_costs_that_picture_alone(tmp_path: Path) -> None:
    script = """
import resource, sys
from pathlib import Path
from client.assembly import encode
from client.core.events import PictureFailed
from tests.core.desk import LoopbackDesk
from tests.core.workshop import Workshop, shot
desk = LoopbackDesk()
shop = Workshop(Path(sys.argv[1]), desk)
draft = shop.engine.begin_new("panel")
object.__setattr__(draft._around, "encode", encode)
small, large = shot(1, b"\\x10\\x20\\x30\\xff", 64, 48), shot(2, b"\\x01\\x02\\x03\\xff", 7680, 4320)
encode(small)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 24 * 1024 * 1024,) * 2)
draft.add_shots([small, large])
draft.submit()
shop.deliver()
print(len(shop.told(PictureFailed)), set(shop.places().values()), len(desk.blobs[draft.report_id]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "profile")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "1 {'sent'} 1\n", done.stdout + done.stderr


# Upgrade and downgrade with a full queue


def test_what_the_first_version_saved_is_sent_by_this_one(shop: Workshop, desk: LoopbackDesk) -> None:
    saved = (Path(__file__).parent / "saved_by_0.1.0.json").read_bytes()
    report_id = json.loads(saved)["report_id"]
    shop.spool.prepare()
    (shop.spool.outbox / report_id).mkdir(mode=0o700)
    (shop.spool.outbox / report_id / "manifest.json").write_bytes(saved)
    shop.deliver()
    assert shop.places() == {report_id: "sent"}
    assert desk.manifests == {report_id: saved}


def test_what_a_newer_version_added_is_sent_by_an_older_one_as_it_is(shop: Workshop, desk: LoopbackDesk) -> None:
    report_id = shop.report("printer jams", shot()).report_id
    path = shop.spool.outbox / report_id / "manifest.json"
    body = json.loads(path.read_bytes())
    del body["checksum"]
    body["attachments"][0]["display"]["refresh_hz"] = 144
    body["attachments"][0]["edited"] = True
    body["requester"]["pronouns"] = "they"
    body["mood"] = "annoyed"
    newer = manifest.sealed(json.dumps(body, ensure_ascii=False, indent=1))
    path.write_bytes(newer)
    shop.deliver()
    assert shop.places() == {report_id: "sent"}
    assert desk.manifests == {report_id: newer}


def test_a_draft_of_a_newer_version_comes_back(shop: Workshop) -> None:
    draft = shop.engine.begin("panel")
    draft.add_shots([shot()])
    draft.set_words("half a sentence", None, False)
    assert draft._claim
    draft._claim.release()
    path = shop.spool.drafts / draft.report_id / "draft.json"
    body = json.loads(path.read_bytes())
    body["mood"] = "annoyed"
    body["pictures"][0] |= {"edited": True}
    body["pictures"][0]["display"] |= {"refresh_hz": 144}
    del body["checksum"]
    path.write_bytes(manifest.sealed(json.dumps(body, indent=1)))
    words = draft_file.read(path.parent)
    assert (words.text, len(words.pictures)) == ("half a sentence", 1)


def test_a_report_in_a_newer_form_is_kept_and_sent_after_the_upgrade(
    shop: Workshop, desk: LoopbackDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        newer.setattr(manifest, "FORMAT", 2)
        report_id = shop.report("printer jams", shot()).report_id
    shop.deliver(600)
    assert shop.places() == {report_id: "attention"}
    assert desk.calls == []
    monkeypatch.setattr(manifest, "FORMAT", 2)
    shop.restart()
    shop.outbox.send_now()
    shop.clockwork.run_due()
    assert shop.places() == {report_id: "sent"}
    assert desk.has_all_of(report_id)
