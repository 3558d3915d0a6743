"""Files that are replaced as a whole, and what a killed process leaves of that."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from client.core import durable
from client.core.account import Account
from client.core.spool import Spool
from client.system.secrets import Secrets
from tests.core.client import Client


def test_what_a_killed_process_left_is_removed_at_the_next_replacing(tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in ("receipt.json.4711.new", "receipt.json.4712.new", "mine.new"))
    for path in (old, young, other):
        path.write_bytes(b"half")
    for path in (old, other):
        os.utime(path, (time.time() - 3600,) * 2)
    durable.replace(tmp_path / "receipt.json", b"whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.new", "receipt.json", "receipt.json.4712.new"]


@pytest.mark.parametrize("whole", [0, 1])
def test_a_credential_whose_making_was_cut_short_leaves_no_secret_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: int
) -> None:
    store = Secrets(tmp_path / "secrets", None)
    account = Account(identity=tmp_path / "identity.json", open_store=lambda: store, site_key="")
    left = whole

    def replace(source: Path, target: Path) -> None:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        source.rename(target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            account.credential()
    device = account.credential()
    assert [path.stem for path in (tmp_path / "secrets").iterdir()] == [device.device_id]


def test_locks_of_reports_that_are_nowhere_are_removed_at_the_next_start(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for report_id in ("left-over", "drafted", "held"):
        claim = spool.claim(report_id)
        assert claim
        if report_id != "held":
            claim.release()
    spool.open_draft("drafted")
    spool.drop_old_locks()
    assert sorted(path.name for path in spool.locks.iterdir()) == ["drafted", "held"]


def test_the_new_bytes_are_on_disk_before_they_take_the_place_of_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, rename = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (steps.append("sync"), sync(handle)))
    monkeypatch.setattr(Path, "replace", lambda path, target: (steps.append("rename"), rename(path, target)))
    durable.replace(tmp_path / "draft.json", b"words")
    durable.replace(tmp_path / "receipt.json", b"proof", durable=True)
    assert steps == ["sync", "rename", "sync", "rename", "sync"]


def test_what_a_killed_process_left_beside_the_spool_is_removed_at_the_next_start(tmp_path: Path) -> None:
    client = Client(tmp_path / "profile", "http://127.0.0.1:9", "key")
    client.paths.cache.mkdir()
    left = [client.paths.cache / "desk.json.4711.new", client.paths.data / "identity.json.4711.new"]
    for path in left:
        path.write_bytes(b"half")
        os.utime(path, (time.time() - 3600,) * 2)
    client.restart()
    assert not [path for path in left if path.exists()]
