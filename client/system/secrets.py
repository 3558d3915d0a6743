"""Keeps secrets in the credential store of the operating system, or in a private file where there is none."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any, Protocol

from client.core.durable import make_private_dir, replace
from client.core.lane import within
from client.core.models import SecretStore
from client.core.words import _

SERVICE = "Deskbell"
LIMIT_S = 2.0
MAX_ENTRY_BYTES = 64 << 10


class CredentialStore(Protocol):
    """A credential store of an operating system; may block, and may raise anything."""

    label: str

    def is_open(self) -> bool:
        """Whether it can be used without a question to the user."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, secret: str) -> None: ...


def open_store(folder: Path, system: CredentialStore | None) -> SecretStore:
    """The secrets whose record is in `folder` (made with mode 0700 when something is kept); touches nothing yet.

    Without a `system` they are kept in that folder as well.
    """
    return Secrets(folder / "secrets", system)


def system_store() -> CredentialStore | None:
    """The credential store of this system, named outright: nothing is searched for, so nothing else is ever used."""
    if sys.platform == "win32":
        return Keyring("keyring.backends.Windows", "WinVaultKeyring", _("Windows Credential Manager"))
    if sys.platform == "darwin":
        return Keyring("keyring.backends.macOS", "Keyring", _("macOS Keychain"))
    if os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return SecretService("keyring.backends.SecretService", "Keyring", _("Secret Service key ring"))
    return None


class Keyring:
    """One back-end of the keyring package, imported by name: its own search would take long and find too much."""

    def __init__(self, module: str, name: str, label: str) -> None:
        self._module = module
        self._name = name
        self.label = label

    def is_open(self) -> bool:
        return float(type(self._backend()).priority) > 0  # raises where the back-end lacks something

    def get(self, name: str) -> str | None:
        value = self._backend().get_password(SERVICE, name)
        return value if value is None else str(value)

    def put(self, name: str, secret: str) -> None:
        self._backend().set_password(SERVICE, name, secret)

    def _backend(self) -> Any:
        import importlib

        backend = getattr(importlib.import_module(self._module), self._name)()
        if sys.platform == "win32":
            backend.persist = "local machine"  # the secret is this machine's and does not roam with the user
        return backend


class SecretService(Keyring):
    """The Secret Service of a Linux desktop (gnome-keyring, KWallet, KeePassXC).

    Asked first whether it is there and unlocked: the keyring package would put a question for a password on the screen.
    """

    def is_open(self) -> bool:
        from jeepney import DBusAddress, Properties, new_method_call
        from jeepney.bus_messages import message_bus
        from jeepney.io.blocking import open_dbus_connection

        service = DBusAddress("/org/freedesktop/secrets", "org.freedesktop.secrets", "org.freedesktop.Secret.Service")
        with open_dbus_connection("SESSION") as bus:
            has_owner = bus.send_and_get_reply(message_bus.NameHasOwner(service.bus_name), timeout=LIMIT_S).body[0]
            if (
                not has_owner
                and service.bus_name
                not in bus.send_and_get_reply(message_bus.ListActivatableNames(), timeout=LIMIT_S).body[0]
            ):
                return False
            alias = bus.send_and_get_reply(new_method_call(service, "ReadAlias", "s", ("default",)), timeout=LIMIT_S)
            path = str(alias.body[0])
            if not path.startswith("/org/freedesktop/secrets/"):  # no default key ring, or an error
                return False
            ring = DBusAddress(path, service.bus_name, "org.freedesktop.Secret.Collection")
            reply = bus.send_and_get_reply(Properties(ring).get("Locked"), timeout=LIMIT_S)
            return bool(reply.body[0] == ("b", False))


class Secrets:
    """Remembers for each secret where it is. What once went to the credential store is never looked for elsewhere.

    One record per secret in `folder`, written as a whole or not at all, readable by its owner alone: either the secret
    itself, or that the credential store has it.
    """

    def __init__(self, folder: Path, system: CredentialStore | None, limit_s: float = LIMIT_S) -> None:
        self._folder = folder
        self._system = system
        self._limit_s = limit_s

    @property
    def where(self) -> str:
        records = (record for path in sorted(self._folder.glob("*.json")) if (record := _load(path)))
        first = next(records, None)
        if first:
            return str(first["label"]) if "label" in first else self._file_label()
        try:
            is_open = self._system is not None and within(self._limit_s, self._system.is_open)
        except Exception:
            is_open = False
        return self._system.label if self._system and is_open else self._file_label()

    def read(self, name: str) -> str | None:
        record = _load(self._path(name))
        if record is None:
            return None
        if "label" not in record:
            return str(record["secret"])
        if self._system is None:
            raise OSError("the credential store is not there")
        return self._ask(self._system, name)

    def write(self, name: str, secret: str) -> None:
        path = self._path(name)
        if self._system is not None and self._put(self._system, name, secret):
            _save(path, {"label": self._system.label})
        else:
            _save(path, {"secret": secret})

    def _ask(self, system: CredentialStore, name: str) -> str | None:
        def ask() -> str | None:
            if not system.is_open():
                raise OSError("the credential store is locked")
            return system.get(name)

        try:
            return within(self._limit_s, ask)
        except (OSError, TimeoutError):
            raise
        except Exception as error:
            raise OSError(f"the credential store does not work: {type(error).__name__}") from error

    def _put(self, system: CredentialStore, name: str, secret: str) -> bool:
        def put() -> bool:
            if not system.is_open():
                return False
            system.put(name, secret)
            return system.get(name) == secret

        try:
            return within(self._limit_s, put)
        except Exception:  # any failure at all means: the file
            return False

    def _path(self, name: str) -> Path:
        if not name or not all(letter.isalnum() or letter in "-_" for letter in name):
            raise ValueError("a secret's name is made of letters, digits, - and _")
        return self._folder / f"{name}.json"

    def _file_label(self) -> str:
        return _("a file that only you can read")


def _load(path: Path) -> dict[str, str] | None:
    """A record, None where there is none or it makes no sense. OSError where it is not a private file of this user."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError("the record of a secret is not a file")
        if sys.platform != "win32" and (found.st_uid != os.getuid() or found.st_mode & 0o022):
            raise OSError("the record of a secret is not private")
        data = file.read(MAX_ENTRY_BYTES)
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        return None
    is_sound = isinstance(record, dict) and isinstance(record.get("label", record.get("secret")), str)
    return record if is_sound else None


def _save(path: Path, record: dict[str, str]) -> None:
    make_private_dir(path.parent)
    if sys.platform != "win32":
        path.parent.chmod(0o700)
    replace(path, json.dumps(record).encode(), durable=True)
