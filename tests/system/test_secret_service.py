"""The real thing: gnome-keyring on a bus of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jeepney import DBusAddress, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

from client.system.secrets import open_store, system_store
from tests.rigs.session import Session
from tests.rigs.waiting import wait_until

NAME = "3f2c9a52-0b1e-4a50-9d55-0a4f3b1c2d3e"
SERVICE = DBusAddress("/org/freedesktop/secrets", "org.freedesktop.secrets", "org.freedesktop.Secret.Service")

pytestmark = pytest.mark.needs("gnome-keyring-daemon", "dbus-daemon")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session whose key ring is unlocked (with an empty password)."""
    with Session() as session:
        command = "echo | exec gnome-keyring-daemon --foreground --unlock --components=secrets --control-directory=$0"
        session.processes.start("keyring", ["sh", "-c", command, str(session.folder / "run/keyring")], session.env)
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session.env["DBUS_SESSION_BUS_ADDRESS"])
        wait_until(lambda: default_ring() not in ("", "/"), "an unlocked key ring")
        yield session


def default_ring() -> str:
    with open_dbus_connection("SESSION") as bus:
        if not bus.send_and_get_reply(message_bus.NameHasOwner(SERVICE.bus_name), timeout=5).body[0]:
            return ""
        return str(bus.send_and_get_reply(new_method_call(SERVICE, "ReadAlias", "s", ("default",)), timeout=5).body[0])


def lock() -> None:
    with open_dbus_connection("SESSION") as bus:
        reply = bus.send_and_get_reply(new_method_call(SERVICE, "Lock", "ao", ([default_ring()],)), timeout=5)
    assert reply.body[1] == "/"  # locked at once, without a question


def test_the_secret_is_in_the_key_ring_and_nowhere_else(session: Session, tmp_path: Path) -> None:
    open_store(tmp_path, system_store()).write(NAME, "s3cret")

    assert open_store(tmp_path, system_store()).read(NAME) == "s3cret"
    assert open_store(tmp_path, system_store()).where == "Secret Service key ring"
    assert all(b"s3cret" not in path.read_bytes() for path in tmp_path.rglob("*.json"))


def test_a_locked_key_ring_is_not_an_empty_one_and_asks_nobody(session: Session, tmp_path: Path) -> None:
    store = open_store(tmp_path, system_store())
    store.write(NAME, "s3cret")
    lock()

    with pytest.raises(OSError, match="locked"):
        store.read(NAME)


def test_with_a_locked_key_ring_a_new_secret_goes_to_the_file(session: Session, tmp_path: Path) -> None:
    lock()
    store = open_store(tmp_path, system_store())
    store.write(NAME, "s3cret")

    assert store.read(NAME) == "s3cret"
    assert store.where == "a file that only you can read"


def test_a_key_ring_that_has_ended_is_not_an_empty_one(session: Session, tmp_path: Path) -> None:
    store = open_store(tmp_path, system_store())
    store.write(NAME, "s3cret")
    session.processes.close()

    with pytest.raises((OSError, TimeoutError)):
        store.read(NAME)
