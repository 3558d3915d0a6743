"""Agents: the people of the desk, their log-in and their sessions."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from server_stub.errors import TooManyLogins
from server_stub.store.clock import Clock
from server_stub.store.database import Database
from server_stub.store.devices import seconds_until
from server_stub.store.tables import agents, login_attempts, sessions

QUARTER = timedelta(minutes=15)


class AgentExists(Exception):
    """There is an agent of that login already."""


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent who is logged in."""

    id: int
    login: str
    name: str
    is_on_duty: bool


@dataclass(frozen=True, slots=True)
class Login:
    """What a log-in is checked against."""

    agent_id: int
    password_hash: str


class Agents:
    """The agents in the database. Logins are compared without regard to case."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, login: str, name: str, password_hash: str) -> None:
        """Add an agent, not on duty. Raises AgentExists."""
        values = {
            "login": folded(login),
            "name": name,
            "password_hash": password_hash,
            "on_duty": False,
            "created_at": self._clock(),
        }
        try:
            with self._database.write() as connection:
                connection.execute(insert(agents).values(values))
        except IntegrityError as error:
            raise AgentExists(login) from error

    def set_password(self, login: str, password_hash: str) -> bool:
        """Give an agent another password and end all sessions; False where there is none of that login."""
        return self._change(login, password_hash=password_hash)

    def disable(self, login: str) -> bool:
        """Shut an agent out and end all sessions; False where there is none of that login."""
        return self._change(login, disabled_at=self._clock(), on_duty=False)

    def login(self, login: str) -> Login | None:
        """What to check a password against; None for unknown and disabled agents."""
        query = select(agents.c.id, agents.c.password_hash).where(
            agents.c.login == folded(login), agents.c.disabled_at.is_(None)
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return Login(row.id, row.password_hash) if row else None

    def set_duty(self, agent_id: int, is_on_duty: bool) -> None:
        """Say whether an agent is there for requesters."""
        with self._database.write() as connection:
            connection.execute(update(agents).where(agents.c.id == agent_id).values(on_duty=is_on_duty))

    def on_duty(self) -> list[str]:
        """The names of those who are on duty, in order."""
        query = select(agents.c.name).where(agents.c.on_duty, agents.c.disabled_at.is_(None)).order_by(agents.c.name)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def all(self) -> list[tuple[int, str]]:
        """Those who may have tickets: id and name, in the order of names."""
        query = select(agents.c.id, agents.c.name).where(agents.c.disabled_at.is_(None)).order_by(agents.c.name)
        with self._database.read() as connection:
            return [(row.id, row.name) for row in connection.execute(query)]

    def _change(self, login: str, **values: object) -> bool:
        with self._database.write() as connection:
            agent_id = connection.execute(select(agents.c.id).where(agents.c.login == folded(login))).scalar()
            if agent_id is None:
                return False
            connection.execute(update(agents).where(agents.c.id == agent_id).values(**values))
            connection.execute(delete(sessions).where(sessions.c.agent_id == agent_id))
        return True


class Sessions:
    """Who is logged in. The browser holds a random token, the database only its SHA-256."""

    def __init__(self, database: Database, clock: Clock, session_s: int) -> None:
        self._database = database
        self._clock = clock
        self._life = timedelta(seconds=session_s)

    def open(self, agent_id: int, instead_of: str | None) -> str:
        """A new session's token. The session that the browser showed before, and all expired ones, end."""
        token = secrets.token_urlsafe(32)
        now = self._clock()
        with self._database.write() as connection:
            connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
            if instead_of:
                connection.execute(delete(sessions).where(sessions.c.token_sha256 == digest(instead_of)))
            connection.execute(
                insert(sessions).values(
                    token_sha256=digest(token), agent_id=agent_id, created_at=now, expires_at=now + self._life
                )
            )
        return token

    def agent(self, token: str) -> Agent | None:
        """Who holds this token, or None where it is unknown or expired, or its agent disabled."""
        query = (
            select(agents.c.id, agents.c.login, agents.c.name, agents.c.on_duty)
            .join(sessions, sessions.c.agent_id == agents.c.id)
            .where(
                sessions.c.token_sha256 == digest(token),
                sessions.c.expires_at > self._clock(),
                agents.c.disabled_at.is_(None),
            )
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return Agent(row.id, row.login, row.name, row.on_duty) if row else None

    def close(self, token: str) -> None:
        """End one session."""
        with self._database.write() as connection:
            connection.execute(delete(sessions).where(sessions.c.token_sha256 == digest(token)))

    def close_all(self, agent_id: int) -> None:
        """End every session of an agent."""
        with self._database.write() as connection:
            connection.execute(delete(sessions).where(sessions.c.agent_id == agent_id))


class LoginAttempts:
    """Counts log-ins per login and per address, so that nobody can guess passwords for long."""

    def __init__(self, database: Database, clock: Clock, per_login: int, per_address: int) -> None:
        self._database = database
        self._clock = clock
        self._per_login = per_login
        self._per_address = per_address

    def note(self, login: str, address: str) -> None:
        """Count an attempt before its password is looked at. Raises TooManyLogins."""
        now = self._clock()
        with self._database.write() as connection:
            connection.execute(delete(login_attempts).where(login_attempts.c.at <= now - QUARTER))
            for column, value, limit in (
                (login_attempts.c.login_sha256, digest(folded(login)), self._per_login),
                (login_attempts.c.address, address, self._per_address),
            ):
                self._database.lock(connection, f"logins {value}")
                count, oldest_at = connection.execute(
                    select(func.count(), func.min(login_attempts.c.at)).where(column == value)
                ).one()
                if count >= limit:
                    raise TooManyLogins(retry_after_s=seconds_until(now, (oldest_at or now) + QUARTER))
            connection.execute(
                insert(login_attempts).values(login_sha256=digest(folded(login)), address=address, at=now)
            )

    def forgive(self, login: str) -> None:
        """Forget the attempts at a login that worked in the end."""
        with self._database.write() as connection:
            connection.execute(delete(login_attempts).where(login_attempts.c.login_sha256 == digest(folded(login))))


def folded(login: str) -> str:
    """A login as it is kept and compared. PostgreSQL refuses even to look for a text with a NUL in it."""
    return login.replace("\0", "").strip().casefold()


def digest(secret: str) -> str:
    """SHA-256, in hex, of a text that is itself not kept."""
    return hashlib.sha256(secret.encode()).hexdigest()
