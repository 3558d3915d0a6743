from __future__ import annotations

import os
import stat
import threading
import time
from pathlib import Path

import pytest

from client.system.secrets import Keyring, Secrets, SecretService, open_store

NAME = "3f2c9a52-0b1e-4a50-9d55-0a4f3b1c2d3e"
FILE = "a file that only you can read"


class Vault:
    """A credential store of an operating system that does what a test says."""

    label = "The Vault"

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.is_unlocked = True
        self.error: Exception | None = None
        self.hang = threading.Event()
        self.hang.set()

    def is_open(self) -> bool:
        self.hang.wait()
        if self.error:
            raise self.error
        return self.is_unlocked

    def get(self, name: str) -> str | None:
        return self.kept.get(name)

    def put(self, name: str, secret: str) -> None:
        self.kept[name] = secret


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_credential_store_that_is_there_is_used(tmp_path: Path) -> None:
    vault = Vault()
    open_store(tmp_path, vault).write(NAME, "s3cret")

    assert vault.kept == {NAME: "s3cret"}
    assert open_store(tmp_path, vault).read(NAME) == "s3cret"
    assert open_store(tmp_path, vault).where == "The Vault"
    assert all(b"s3cret" not in path.read_bytes() for path in files(tmp_path))


def test_without_one_a_private_file_is_used(tmp_path: Path) -> None:
    store = Secrets(tmp_path / "deep/er", None)
    assert store.read(NAME) is None
    store.write(NAME, "s3cret")

    assert store.read(NAME) == "s3cret"
    assert store.where == FILE
    (path,) = files(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("fault", ["locked", "broken", "lossy"])
def test_a_store_that_does_not_work_is_left_for_the_file(tmp_path: Path, fault: str) -> None:
    vault = Vault()
    if fault == "locked":
        vault.is_unlocked = False
    elif fault == "broken":
        vault.error = RuntimeError("no backend")
    else:
        vault.put = lambda name, secret: None  # type: ignore[method-assign]
    store = open_store(tmp_path, vault)
    store.write(NAME, "s3cret")

    assert store.where == FILE
    vault.is_unlocked, vault.error = True, None
    assert store.read(NAME) == "s3cret"


def test_a_store_that_hangs_costs_no_more_than_its_limit(tmp_path: Path) -> None:
    vault = Vault()
    vault.hang.clear()
    store = Secrets(tmp_path, vault, limit_s=0.1)
    started = time.monotonic()
    store.write(NAME, "s3cret")

    assert store.where == FILE
    assert store.read(NAME) == "s3cret"
    assert time.monotonic() - started < 2
    vault.hang.set()


@pytest.mark.parametrize("fault", ["locked", "broken", "gone", "hanging"])
def test_a_locked_store_is_never_taken_for_an_empty_one(tmp_path: Path, fault: str) -> None:
    """Or the device would make itself a new identity, and lose sight of its tickets."""
    vault: Vault | None = Vault()
    assert vault is not None
    Secrets(tmp_path, vault).write(NAME, "s3cret")
    if fault == "locked":
        vault.is_unlocked = False
    elif fault == "broken":
        vault.error = RuntimeError("no backend")
    elif fault == "hanging":
        vault.hang.clear()
    store = Secrets(tmp_path, None if fault == "gone" else vault, limit_s=0.1)

    with pytest.raises((OSError, TimeoutError)):
        store.read(NAME)
    vault.hang.set()


def test_an_emptied_store_is_empty(tmp_path: Path) -> None:
    vault = Vault()
    store = open_store(tmp_path, vault)
    store.write(NAME, "s3cret")
    vault.kept.clear()

    assert store.read(NAME) is None


def test_a_new_secret_replaces_the_old_one_as_a_whole(tmp_path: Path) -> None:
    store = Secrets(tmp_path, None)
    store.write(NAME, "old")
    store.write(NAME, "new")

    assert store.read(NAME) == "new"
    assert len(files(tmp_path)) == 1


def test_a_write_that_fails_leaves_the_old_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Secrets(tmp_path, None)
    store.write(NAME, "old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.write(NAME, "new")

    assert store.read(NAME) == "old"
    assert len(files(tmp_path)) == 1


def test_a_link_in_place_of_the_record_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text('{"secret": "planted"}')
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / f"{NAME}.json").symlink_to(other)

    with pytest.raises(OSError, match="symbolic links"):
        Secrets(folder, None).read(NAME)


def test_a_record_that_others_may_write_is_not_believed(tmp_path: Path) -> None:
    store = Secrets(tmp_path, None)
    store.write(NAME, "s3cret")
    files(tmp_path)[0].chmod(0o666)

    with pytest.raises(OSError, match="not private"):
        store.read(NAME)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"secret": 7}', b"{}", b"\xff\xfe"])
def test_a_damaged_record_is_no_secret(tmp_path: Path, content: bytes) -> None:
    store = Secrets(tmp_path, None)
    store.write(NAME, "s3cret")
    files(tmp_path)[0].write_bytes(content)

    assert store.read(NAME) is None
    assert store.where == FILE


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".", "x\0y"])
def test_a_name_is_never_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        Secrets(tmp_path, None).write(name, "s3cret")


def test_a_back_end_that_is_not_installed_is_left_for_the_file(tmp_path: Path) -> None:
    store = open_store(tmp_path, Keyring("keyring.backends.absent", "Keyring", "Absent"))
    store.write(NAME, "s3cret")

    assert store.where == FILE
    assert store.read(NAME) == "s3cret"


@pytest.mark.parametrize("address", ["unix:path=/nowhere", "nonsense"])
def test_without_a_message_bus_there_is_no_secret_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    store = open_store(tmp_path, SecretService("keyring.backends.SecretService", "Keyring", "Secret Service"))
    store.write(NAME, "s3cret")

    assert store.where == FILE
