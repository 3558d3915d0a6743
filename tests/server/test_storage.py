"""A full disk, a cut connection and leftovers: nothing is half-stored, and what fails says so."""

from __future__ import annotations

import errno
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy.exc import OperationalError

from server_stub import blobs
from server_stub.store.tickets import Tickets
from tests.rigs.namespaces import own_mounts
from tests.server.rig import REPOSITORY, Device, FakeClock, Server, attachment, digest, manifest, png
from tests.server.test_reports import assert_nothing_kept


class FullDisk:
    """A server whose data folder lies on a file system of a few megabytes that only it can see."""

    def __init__(self, prepared: Path, folder: Path) -> None:
        alone = own_mounts()
        if alone is None:
            pytest.skip("this machine gives no mount namespace")
        folder.mkdir()
        script = 'mount -t tmpfs -o size=4m tmpfs "$0" && cp -a "$1/." "$0" && shift && exec "$@"'
        run = [sys.executable, "-m", "server_stub", "run", "--port", "0", "--data", str(folder)]
        self.process = subprocess.Popen(
            [*alone, "sh", "-c", script, str(folder), str(prepared), *run],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[-1]
        self.inside = Path(f"/proc/{self.process.pid}/root{folder}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)


@pytest.fixture
def full_disk(prepared: tuple[Path, str], tmp_path: Path) -> Iterator[FullDisk]:
    disk = FullDisk(prepared[0], tmp_path / "small")
    yield disk
    disk.stop()


def test_a_full_disk_stores_all_or_nothing_and_recovers(full_disk: FullDisk, prepared: tuple[Path, str]) -> None:
    device = Server(full_disk.url, prepared[1], full_disk.inside).device()
    small, large = png(), os.urandom(5_000_000)
    report = manifest(attachments=[attachment(small), attachment(large)])
    assert device.submit(report).status_code == 201

    refused = device.upload(report["report_id"], large)
    assert (refused.status_code, refused.json()["error"]["code"]) == (507, "storage_full")
    assert_nothing_kept(device.server)
    assert device.upload(report["report_id"], small).json()["missing"] == [digest(large)]

    filler = full_disk.inside / "filler"
    with pytest.raises(OSError, match="space"), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    late = manifest(text="x" * 20_000)
    for _ in range(20):
        answer = device.submit(late)
        if answer.status_code != 201:
            break
        late = manifest(text="x" * 20_000)
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "storage_full")
    assert device.read(late["report_id"]).status_code == 404

    filler.unlink()
    assert device.submit(late).status_code == 201
    assert device.read(report["report_id"]).json()["missing"] == [digest(large)]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize(("number", "expected"), [(errno.ENOSPC, 507), (errno.EDQUOT, 507), (errno.EIO, 500)])
def test_a_failing_step_of_storing_keeps_nothing(
    device: Device, monkeypatch: pytest.MonkeyPatch, step: str, number: int, expected: int
) -> None:
    picture = png()
    report = manifest(attachments=[attachment(picture)])
    device.submit(report)

    def fail(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        if step == "fsync":
            patch.setattr(blobs.os, "fsync", fail)
        else:
            patch.setattr(Path, "replace", fail)
        assert device.upload(report["report_id"], picture).status_code == expected
    assert_nothing_kept(device.server)
    assert device.read(report["report_id"]).json()["missing"] == [digest(picture)]
    assert device.upload(report["report_id"], picture).json()["missing"] == []


def test_a_full_database_is_storage_full(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL

    def fail(*_arguments: object) -> None:
        raise OperationalError("insert", {}, full)

    monkeypatch.setattr(Tickets, "submit", fail)
    answer = device.submit(manifest())
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "storage_full")


def begin_upload(device: Device, report_id: str, content: bytes, sent: int) -> socket.socket:
    """Send the head and the first bytes of an upload, and leave the rest."""
    address = urlsplit(device.server.url)
    connection = socket.create_connection((address.hostname or "", address.port or 0), timeout=20)
    head = (
        f"PUT /api/v1/tickets/{report_id}/attachments/{digest(content)} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: {device.headers['Authorization']}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    connection.sendall(head.encode() + content[:sent])
    return connection


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_upload_that_is_cut_off_leaves_nothing(device: Device) -> None:
    content = os.urandom(3_000_000)
    report = manifest(attachments=[attachment(content)])
    device.submit(report)
    incoming = device.server.data / "incoming"
    connection = begin_upload(device, report["report_id"], content, 2_500_000)
    until(lambda: any(incoming.iterdir()))
    connection.close()
    until(lambda: not any(incoming.iterdir()))
    assert_nothing_kept(device.server)
    assert device.upload(report["report_id"], content).json()["missing"] == []


def test_an_upload_that_stalls_is_told_to_come_again(serve: Callable[..., Server]) -> None:
    device = serve(stall_s=0.2).device()
    content = os.urandom(100_000)
    report = manifest(attachments=[attachment(content)])
    device.submit(report)
    with begin_upload(device, report["report_id"], content, 1000) as connection:
        answer = connection.recv(10_000)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert re.search(rb"retry-after: ([5-9]|1[0-5])\r\n", answer.lower())
    assert_nothing_kept(device.server)


def test_what_a_crash_left_is_removed_at_the_next_start(
    data: Path, prepared: tuple[Path, str], clock: FakeClock, serve: Callable[..., Server]
) -> None:
    incoming = data / "incoming"
    incoming.mkdir()
    old, fresh = incoming / "old", incoming / "fresh"
    old.write_bytes(b"x")
    fresh.write_bytes(b"x")
    os.utime(old, (0, 0))
    server = serve()
    assert server.get("/healthz").status_code == 200
    assert (old.exists(), fresh.exists()) == (False, True)


def test_everything_that_is_kept_is_for_its_owner_alone(device: Device) -> None:
    picture = png()
    report = manifest(attachments=[attachment(picture)])
    device.submit(report)
    device.upload(report["report_id"], picture)
    assert device.server.data.stat().st_mode & 0o077 == 0
    assert (device.server.data / "links.key").stat().st_mode & 0o777 == 0o600
    for name in ("blobs", "incoming"):
        assert (device.server.data / name).stat().st_mode & 0o077 == 0
