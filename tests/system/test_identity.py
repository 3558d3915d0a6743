from __future__ import annotations

import os
import pwd
import socket

import pytest

from client.system import identity


def account(gecos: str) -> pwd.struct_passwd:
    return pwd.struct_passwd(("akern", "x", os.getuid(), 0, gecos, "/", "/bin/sh"))


@pytest.mark.parametrize(
    ("gecos", "name"),
    [
        ("Anna Kern,Room 4,123,456", "Anna Kern"),
        ("Änne Kern", "Änne Kern"),
        ("& Kern,,,", "Akern Kern"),
        ("", "anna"),
        (",,,", "anna"),
    ],
)
def test_the_name_is_the_full_name_or_else_the_user(monkeypatch: pytest.MonkeyPatch, gecos: str, name: str) -> None:
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: account(gecos))
    monkeypatch.setenv("LOGNAME", "anna")

    who = identity.requester()

    assert (who.name, who.user, who.host) == (name, "anna", socket.gethostname())


def test_an_account_that_the_system_does_not_know_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> pwd.struct_passwd:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)

    who = identity.requester()

    assert (who.name, who.user) == (str(os.getuid()), str(os.getuid()))
