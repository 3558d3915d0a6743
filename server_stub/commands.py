"""What each command of ``deskbell-server`` does. Only `run` imports the web server."""

from __future__ import annotations

import getpass
import gettext
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy.exc import DBAPIError

import assets
from server_stub.settings import MIB, Settings, make_private
from server_stub.store import postgres
from server_stub.store.agents import AgentExists, Agents, folded
from server_stub.store.clock import utc_now
from server_stub.store.database import Database
from server_stub.store.devices import Devices
from server_stub.store.feed import forget_cursors
from server_stub.store.incidents import Incidents
from server_stub.store.schema import NewerDatabase, upgrade
from server_stub.store.sites import SiteExists, Sites

_ = gettext.translation("deskbell", assets.locale_dir(), fallback=True).gettext

DATABASE = "DESKBELL_DATABASE_URL"
SHORTEST_PASSWORD = 8
_KEY_BYTES = 32
_MOST_DAYS = 36_500


class CannotDo(Exception):
    """The command cannot be done; the text says why and what to do."""


def init(arguments: Namespace) -> int:
    """Make the data folder, its key and its database, or bring an existing one up to date."""
    settings = _settings(arguments)
    try:
        make_private(settings.data)
        if not settings.key_path.exists():
            _write_key(settings.key_path)
    except (FileExistsError, NotADirectoryError) as error:
        raise CannotDo(_("{path} is not a folder.").format(path=error.filename)) from error
    with _migrated(settings) as database:
        forget_cursors(database)
    _print(_("The data folder is ready: {path}").format(path=settings.data))
    return 0


def run(arguments: Namespace) -> int:
    """Serve until a signal ends it."""
    if (arguments.tls_cert is None) != (arguments.tls_key is None):
        raise CannotDo(_("--tls-cert and --tls-key belong together."))
    for pem in (arguments.tls_cert, arguments.tls_key):
        if pem is not None and not pem.is_file():
            raise CannotDo(_("There is no file {path}.").format(path=pem))
    settings = replace(
        _settings(arguments),
        max_attachment_bytes=min(arguments.max_attachment_mib * MIB, 2**31 - 1),
        enrolments_per_hour=arguments.enrolments_per_hour,
        reports_per_hour=arguments.reports_per_hour,
        reopen_days=min(arguments.reopen_days, _MOST_DAYS),
        close_days=min(arguments.close_days, _MOST_DAYS),
    )
    with _opened(settings):
        pass

    from server_stub import serving

    try:
        return serving.serve(
            settings,
            serving.Address(arguments.host, arguments.port),
            serving.Certificate(arguments.tls_cert, arguments.tls_key) if arguments.tls_cert else None,
            arguments.trusted_proxy,
        )
    except serving.CannotListen as error:
        raise CannotDo(
            _("Cannot listen on {host}, port {port}: {reason}").format(
                host=arguments.host, port=arguments.port, reason=error
            )
        ) from error
    except serving.BadCertificate as error:
        raise CannotDo(_("The certificate cannot be used: {reason}").format(reason=error)) from error


def add_site(arguments: Namespace) -> int:
    """Add a site and print its key, alone on a line."""
    name = arguments.name.strip()
    if not name or len(name) > 200:
        raise CannotDo(_("A site needs a name of at most 200 characters."))
    phone = _phone(arguments)
    with _opened(_settings(arguments)) as database:
        try:
            site = Sites(database, utc_now).add(name, phone)
        except SiteExists as error:
            raise CannotDo(
                _("There is a site called {name} already. “deskbell-server list-sites” shows its key.").format(
                    name=name
                )
            ) from error
    _print(site.site_key)
    return 0


def set_site(arguments: Namespace) -> int:
    """Change a site's phone number, or withdraw its key."""
    phone = _phone(arguments)
    with _opened(_settings(arguments)) as database:
        sites = Sites(database, utc_now)
        is_done = sites.withdraw(arguments.name) if arguments.withdraw else sites.set_phone(arguments.name, phone)
    if not is_done:
        raise CannotDo(_("There is no site called {name}.").format(name=arguments.name))
    return 0


def list_sites(arguments: Namespace) -> int:
    """Print each site's key, phone number and name, separated by tabs."""
    with _opened(_settings(arguments)) as database:
        for site in Sites(database, utc_now).all():
            key = _("withdrawn") if site.is_withdrawn else site.site_key
            _print(f"{key}\t{site.phone or ''}\t{site.name}")
    return 0


def add_agent(arguments: Namespace) -> int:
    """Add an agent."""
    if not folded(arguments.login) or len(folded(arguments.login)) > 100 or len(arguments.name) > 200:
        raise CannotDo(_("A login has at most 100 characters, and a name at most 200."))
    with _opened(_settings(arguments)) as database:
        hashed = _hashed(_password(arguments.password_stdin))
        try:
            Agents(database, utc_now).add(arguments.login, arguments.name, hashed)
        except AgentExists as error:
            raise CannotDo(
                _("There is an agent {login} already. “deskbell-server set-password” changes the password.").format(
                    login=arguments.login
                )
            ) from error
    return 0


def set_password(arguments: Namespace) -> int:
    """Give an agent another password."""
    with _opened(_settings(arguments)) as database:
        hashed = _hashed(_password(arguments.password_stdin))
        _require_agent(Agents(database, utc_now).set_password(arguments.login, hashed), arguments.login)
    return 0


def disable_agent(arguments: Namespace) -> int:
    """Shut an agent out."""
    with _opened(_settings(arguments)) as database:
        _require_agent(Agents(database, utc_now).disable(arguments.login), arguments.login)
    return 0


def add_incident(arguments: Namespace) -> int:
    """Tell every device of an outage, and print its number."""
    title, text = arguments.title.strip(), arguments.text.strip()
    if not title or len(title) > 200 or len(text) > 2000:
        raise CannotDo(_("An incident needs a title of at most 200 characters, and its text has at most 2,000."))
    with _opened(_settings(arguments)) as database:
        _print(str(Incidents(database, utc_now).add(title, text)))
    return 0


def end_incident(arguments: Namespace) -> int:
    """Tell every device that an outage is over."""
    with _opened(_settings(arguments)) as database:
        if not Incidents(database, utc_now).end(arguments.number):
            raise CannotDo(_("No incident {number} goes on.").format(number=arguments.number))
    return 0


def list_incidents(arguments: Namespace) -> int:
    """Print what goes on: number, begin and title, separated by tabs."""
    with _opened(_settings(arguments)) as database:
        for incident in Incidents(database, utc_now).current():
            _print(f"{incident.id}\t{incident.since:%Y-%m-%d %H:%M}\t{incident.title}")
    return 0


def revoke_device(arguments: Namespace) -> int:
    """Shut a device out."""
    with _opened(_settings(arguments)) as database:
        if not Devices(database, utc_now, enrolments_per_hour=0).revoke(arguments.device_id):
            raise CannotDo(_("There is no device {device_id}.").format(device_id=arguments.device_id))
    return 0


COMMANDS: Mapping[str, Callable[[Namespace], int]] = {
    "init": init,
    "run": run,
    "add-site": add_site,
    "set-site": set_site,
    "list-sites": list_sites,
    "add-agent": add_agent,
    "set-password": set_password,
    "disable-agent": disable_agent,
    "add-incident": add_incident,
    "end-incident": end_incident,
    "list-incidents": list_incidents,
    "revoke-device": revoke_device,
}


def _settings(arguments: Namespace) -> Settings:
    """Where everything is kept. The address of a database may hold a password, so it is no argument."""
    text = os.environ.get(DATABASE, "")
    try:
        return Settings(arguments.data, postgres.address(text) if text else None)
    except postgres.NotPostgres as error:
        raise CannotDo(
            _("{name} must be the address of a PostgreSQL database: {example}").format(
                name=DATABASE, example="postgresql://user:password@host/database"
            )
        ) from error


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    if not settings.is_initialised:
        raise CannotDo(
            _("There is no Deskbell data in {path}. Make it with: {command}").format(
                path=settings.data, command=f"deskbell-server init --data {settings.data}"
            )
        )
    with _migrated(settings) as database:
        yield database


@contextmanager
def _migrated(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    # As a text it shows no password.
    place = settings.database.set(drivername="postgresql") if settings.database else settings.data
    try:
        upgrade(database)
        yield database
    except NewerDatabase as error:
        raise CannotDo(
            _("The data in {path} was written by a newer Deskbell. Install that version.").format(path=place)
        ) from error
    except DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        raise CannotDo(
            _("The database in {path} cannot be used: {reason}").format(path=place, reason=reason)
        ) from error
    finally:
        database.close()


def _write_key(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())


def _password(from_stdin: bool) -> str:
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not sys.stdin.isatty():
        raise CannotDo(_("There is nobody to ask for a password. Use --password-stdin."))
    else:
        password = getpass.getpass(_("Password: "))
        if getpass.getpass(_("Once more: ")) != password:
            raise CannotDo(_("The two passwords differ. Nothing was changed."))
    if len(password) < SHORTEST_PASSWORD:
        raise CannotDo(_("A password needs at least {n} characters.").format(n=SHORTEST_PASSWORD))
    return password


def _hashed(password: str) -> str:
    from argon2 import PasswordHasher

    return PasswordHasher().hash(password)


def _phone(arguments: Namespace) -> str | None:
    if len(arguments.phone or "") > 64:
        raise CannotDo(_("A phone number has at most 64 characters."))
    return arguments.phone or None


def _require_agent(is_done: bool, login: str) -> None:
    if not is_done:
        raise CannotDo(_("There is no agent {login}.").format(login=login))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
