"""What works on this machine, and what to do where it does not: for `deskbell doctor`."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime

from client.assembly import Connection, secret_store
from client.core.errors import DeskError, Problem
from client.core.paths import Paths
from client.core.settings import Settings, is_writable_by_others
from client.core.spool import Spool
from client.core.words import _, ngettext
from client.system import probe
from client.system.probe import Check

CLOCK_TOLERANCE_S = 120.0
_OFFLINE = ("no_connection", "no_such_name", "unanswered", "throttled", "server_fault", "proxy", "proxy_sign_in")


def examine(where: Paths, settings: Settings) -> list[Check]:
    """Look at everything. Takes a few seconds where the network does not answer."""
    return [
        *_configuration(where, settings),
        _storage(where),
        *probe.checks(secret_store(where)),
        *_server(where, settings),
    ]


def _configuration(where: Paths, settings: Settings) -> list[Check]:
    title = _("Settings")
    problems = list(settings.problems)
    if is_writable_by_others(where.machine_config):
        problems.append(
            Problem(
                "config_writable",
                _("{file} can be changed by others").format(file=where.machine_config),
                _("Make it writable for administrators only."),
            )
        )
    if not problems:
        return [Check("settings", title, True, settings.text("server") or _("no server yet"))]
    return [Check("settings", title, False, problem.title, problem.detail) for problem in problems]


def _storage(where: Paths) -> Check:
    title = _("Storage")
    from client.core.durable import make_private_dir, write_new

    trial = where.spool / f"doctor.{os.getpid()}"
    try:
        make_private_dir(where.spool)
        write_new(trial, b"deskbell")
        trial.unlink()
    except OSError as error:
        advice = _("Reports cannot be saved in {folder}. Make it writable for this user, or free some space.")
        return Check("storage", title, False, error.strerror or type(error).__name__, advice.format(folder=where.spool))
    aside = Spool(where.spool).set_aside_count()
    if aside:
        found = ngettext("{count} report could not be understood", "{count} reports could not be understood", aside)
        advice = _("What is left is in {folder}. IT can look at it, then move it away.")
        folder = Spool(where.spool).quarantine
        return Check("storage", title, False, found.format(count=aside), advice.format(folder=folder))
    return Check("storage", title, True, str(where.spool))


def _server(where: Paths, settings: Settings) -> list[Check]:
    title = _("Server")
    link = Connection(where)
    try:
        server_at = link.desk().probe()
    except DeskError as error:
        return [Check("server", title, False, error.problem.title, _advice(error.problem))]
    checks = [Check("server", title, True, settings.text("server"))]
    checks.append(_signed_in(link.sign_in))
    if server_at is not None:
        checks.append(_clock(server_at))
    return checks


def _advice(problem: Problem) -> str:
    """What to do; a problem's own words speak to somebody who has just sent a report."""
    if problem.code == "not_set_up":
        return _("Set the server address and the site key, or ask IT.")
    if problem.code in _OFFLINE:
        return _("Is this PC online, and is the server address right? Until it answers, reports are saved on this PC.")
    return problem.detail


def _signed_in(sign_in: Callable[[], None]) -> Check:
    title = _("This device at the server")
    try:
        sign_in()
    except DeskError as error:
        return Check("device", title, False, error.problem.title, error.problem.detail)
    return Check("device", title, True, _("known"))


def _clock(server_at: datetime) -> Check:
    title = _("Clock")
    off_s = (datetime.now(UTC) - server_at).total_seconds()
    if abs(off_s) <= CLOCK_TOLERANCE_S:
        return Check("clock", title, True, _("as the server’s"))
    minutes = round(abs(off_s) / 60)
    return Check(
        "clock",
        title,
        False,
        ngettext("{count} minute off the server’s", "{count} minutes off the server’s", minutes).format(count=minutes),
        _("Set date and time. Reports are delivered all the same, but secure connections may fail."),
    )
