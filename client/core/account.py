"""Who this device is to the desk: an id and a secret of its own, made known with the public site key. No log-in."""

from __future__ import annotations

import json
import secrets
import string
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from client.core import manifest
from client.core.desk import Credential, Enrols
from client.core.durable import make_private_dir, replace
from client.core.errors import Problem, Rejected, SignInNeeded
from client.core.models import SecretStore
from client.core.words import _

SECRET_BYTES, SECRET_LETTERS = 32, 43
_LETTERS = frozenset(string.ascii_letters + string.digits + "-_")  # base64 for URLs


class Account:
    """The device's credential. Made at first use, kept, and enrolled when the desk asks for it."""

    def __init__(
        self,
        *,
        identity: Path,
        open_store: Callable[[], SecretStore],
        site_key: str,
    ) -> None:
        self._identity = identity
        self._open_store = open_store
        self._site_key = site_key
        self._lock = threading.Lock()
        self._credential: Credential | None = None

    def credential(self) -> Credential:
        """This device's id and secret. Raises SignInNeeded where the credential store cannot be read right now."""
        with self._lock:
            if self._credential is None:
                self._credential = self._load() or self._make()
            return self._credential

    def enrol(self, desk: Enrols) -> None:
        """Make the credential known to the desk. An id that is taken is given up for a new one, once.

        Raises DeskError, never Rejected: no report is at fault when a device is not let in.
        """
        try:
            try:
                desk.enrol(self.credential(), self._site_key)
            except Rejected as error:
                if error.problem.code != "device_taken":
                    raise
                with self._lock:
                    self._credential = self._make()
                desk.enrol(self.credential(), self._site_key)
        except Rejected as error:
            raise SignInNeeded(error.problem) from error

    def _load(self) -> Credential | None:
        try:
            device_id = str(json.loads(self._identity.read_bytes())["device_id"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None  # unreadable: a new device; its old reports are recognised by their content
        if not manifest.is_report_id(device_id):
            return None
        try:
            secret = self._open_store().read(device_id)
        except (OSError, TimeoutError) as error:
            raise SignInNeeded(_locked()) from error
        return Credential(device_id, secret) if secret and _can_be_sent(secret) else None

    def _make(self) -> Credential:
        credential = Credential(str(uuid.uuid4()), secrets.token_urlsafe(SECRET_BYTES))
        try:
            make_private_dir(self._identity.parent)
            # The id first: one without a secret is replaced at the next start, a secret without an id stays for ever.
            replace(self._identity, json.dumps({"device_id": credential.device_id}).encode(), durable=True)
            self._open_store().write(credential.device_id, credential.secret)
        except (OSError, TimeoutError) as error:
            raise SignInNeeded(_locked()) from error
        with suppress(OSError):
            self._identity.chmod(0o600)
        return credential


def _can_be_sent(secret: str) -> bool:
    """Whether a secret has the form that we make; no desk would even look at one that the disk altered."""
    return len(secret) == SECRET_LETTERS and set(secret) <= _LETTERS


def _locked() -> Problem:
    return Problem(
        "credential_store",
        _("The place where this PC keeps passwords is locked"),
        _(
            "Unlock it, or sign out and in again. Your reports are safe on this PC and are sent by themselves "
            "after that."
        ),
    )
