"""The tickets as the desk told them last. When the cache is lost, the desk is asked for all of them again.

Several processes may use one cache. Whoever takes in changes says which cursor they were asked for with; if another
process was faster, they are not taken in and the desk is asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from client.core.events import NoticeKind
from client.core.models import Changes, Status, Ticket
from client.core.tickets import record
from client.core.tickets.news import News, news_of
from client.core.tickets.store import Store

if TYPE_CHECKING:
    from sqlite3 import Connection

_FORM = 1  # of the tables; a cache of another form is made anew
HEADLINE = 200  # characters
_TABLES = """
create table state (name text primary key, value text);
create table tickets (
    id text primary key, number integer, status text, headline text, agent text, changed_us integer,
    is_unread integer, is_stale integer, haystack text, body text
);
create index tickets_by_change on tickets (changed_us desc, number desc);
create index tickets_by_number on tickets (number);
create table news (key text primary key, ticket_id text, kind text, at text);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What a list shows of one ticket. `headline` is the beginning of its text, on one line."""

    id: str
    number: int
    status: Status
    headline: str
    agent: str | None
    changed_at: datetime
    is_unread: bool


class Cache:
    """Safe from any thread. Methods raise OSError where the disk is in the way."""

    def __init__(self, folder: Path) -> None:
        self._store = Store(folder / "tickets.sqlite3", _TABLES, form=_FORM)
        self._run = self._store.run

    def cursor(self) -> str | None:
        """Where the desk is to go on telling; None: at the beginning."""
        return self._run(_cursor)

    def apply(self, changes: Changes, asked_with: str | None, is_told: Callable[[str, datetime], bool]) -> bool:
        """Take in what the desk told, and note what is news and not told yet.

        False where the cursor is another by now: nothing is taken in.
        """

        def work(database: Connection) -> bool:
            if _cursor(database) != asked_with:
                return False
            if changes.is_reset:
                database.execute("update tickets set is_stale = 1")
            for ticket in changes.tickets:
                _put(database, ticket, [each for each in news_of(ticket) if not is_told(each.key, each.at)])
            if not changes.has_more:
                database.execute("delete from tickets where is_stale")
            database.execute("replace into state values ('cursor', ?)", (changes.cursor,))
            return True

        return self._run(work)

    def add(self, ticket: Ticket) -> bool:
        """A ticket that the desk has not told of yet; False where it has."""

        def work(database: Connection) -> bool:
            is_known = database.execute("select 1 from tickets where id = ?", (ticket.id,)).fetchone()
            if not is_known:
                _put(database, ticket, ())
            return not is_known

        return self._run(work)

    def page(self, words: Sequence[str], statuses: Collection[Status], start: int, limit: int) -> list[Row]:
        """Tickets in which all `words` occur, of these statuses (none: of any), the newest change first."""
        conditions = ["instr(haystack, ?)"] * len(words)
        if statuses:
            conditions.append(f"status in ({', '.join('?' * len(statuses))})")
        where = f"where {' and '.join(conditions)}" if conditions else ""
        values = (*(word.casefold() for word in words), *statuses, limit, start)
        # The words of the statement are ours; what comes from elsewhere is bound.
        statement = (
            f"select id, number, status, headline, agent, changed_us, is_unread from tickets {where} "  # noqa: S608
            "order by changed_us desc, number desc limit ? offset ?"
        )
        return self._run(lambda database: [_row(*found) for found in database.execute(statement, values)])

    def ticket(self, ticket_id: str) -> Ticket | None:
        return self._run(lambda database: _ticket(database, ticket_id))

    def id_of(self, number: int) -> str | None:
        """The ticket with this number, which the user reads somewhere and types."""

        def work(database: Connection) -> str | None:
            found = database.execute("select id from tickets where number = ?", (number,)).fetchone()
            return str(found[0]) if found else None

        return self._run(work)

    def known(self, ticket_ids: Iterable[str]) -> set[str]:
        """Those of them that are here."""

        def work(database: Connection) -> set[str]:
            look = "select 1 from tickets where id = ?"
            return {each for each in ticket_ids if database.execute(look, (each,)).fetchone()}

        return self._run(work)

    def counts(self) -> dict[Status, int]:
        """How many tickets there are of each status."""

        def work(database: Connection) -> dict[Status, int]:
            rows = database.execute("select status, count(*) from tickets group by status")
            return {Status(status): int(count) for status, count in rows}

        return self._run(work)

    def unread(self) -> int:
        """How many tickets have something that the user has not seen."""
        return self._run(
            lambda database: int(database.execute("select sum(is_unread) from tickets").fetchone()[0] or 0)
        )

    def mark_read(self, ticket_id: str) -> bool:
        """The user has seen a ticket as it is; False where there was nothing new."""
        mark = "update tickets set is_unread = 0 where id = ? and is_unread"
        return self._run(lambda database: database.execute(mark, (ticket_id,)).rowcount > 0)

    def news(self) -> list[News]:
        """What was not told yet, the oldest first."""

        def work(database: Connection) -> list[News]:
            rows = database.execute("select key, ticket_id, kind, at from news order by at").fetchall()
            return [News(key, owner, NoticeKind(kind), datetime.fromisoformat(at)) for key, owner, kind, at in rows]

        return self._run(work)

    def forget_news(self, keys: Iterable[str], *, is_seen: bool = False) -> None:
        """These are told; with `is_seen` tickets that have no other news count as read."""

        def work(database: Connection) -> None:
            database.executemany("delete from news where key = ?", [(key,) for key in keys])
            if is_seen:
                database.execute("update tickets set is_unread = 0 where id not in (select ticket_id from news)")

        self._run(work)

    def close(self) -> None:
        self._store.close()


def _cursor(database: Connection) -> str | None:
    found = database.execute("select value from state where name = 'cursor'").fetchone()
    return str(found[0]) if found else None


def _ticket(database: Connection, ticket_id: str) -> Ticket | None:
    found = database.execute("select body from tickets where id = ?", (ticket_id,)).fetchone()
    if found is None:
        return None
    ticket = record.decode(str(found[0]))
    if ticket.id != ticket_id:
        raise ValueError("the ticket is another one's")
    return ticket


def _put(database: Connection, ticket: Ticket, news: Collection[News]) -> None:
    fresh = 0
    for each in news:
        told = (each.key, each.ticket_id, each.kind, each.at.isoformat())
        fresh += database.execute("insert or ignore into news values (?, ?, ?, ?)", told).rowcount
    before = database.execute("select is_unread from tickets where id = ?", (ticket.id,)).fetchone()
    values = (
        ticket.id,
        ticket.number,
        ticket.status,
        " ".join(ticket.text.split())[:HEADLINE],
        ticket.agent,
        round(ticket.updated_at.timestamp() * 1e6),
        int(fresh > 0 or bool(before and before[0])),
        0,
        _haystack(ticket),
        record.encode(ticket),
    )
    database.execute("replace into tickets values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


def _haystack(ticket: Ticket) -> str:
    """What a search looks through."""
    parts = [str(ticket.number), ticket.text, ticket.agent or "", *(each.text for each in ticket.comments)]
    return "\n".join(parts).casefold()


def _row(*found: object) -> Row:
    ticket_id, number, status, headline, agent, changed_us, is_unread = found
    changed_at = datetime.fromtimestamp(int(str(changed_us)) / 1e6, UTC)
    name = str(agent) if agent is not None else None
    return Row(str(ticket_id), int(str(number)), Status(str(status)), str(headline), name, changed_at, bool(is_unread))
