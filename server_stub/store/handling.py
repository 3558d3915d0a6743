"""What agents do with tickets. Each act is one transaction: comment, events, status, and the number of the change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select

from server_stub.errors import NotFound
from server_stub.life import Act
from server_stub.manifest import Attachment, cleaned
from server_stub.store.conversation import attachment_row
from server_stub.store.journal import CHANGED, By, Entry, Journal, counted
from server_stub.store.moves import Moves, Standing, lock_name, look
from server_stub.store.tables import agents, comment_attachments, comments


@dataclass(frozen=True, slots=True)
class Words:
    """What an agent says, under an id that its form was given; the bytes of the attachments are on disk."""

    id: str
    text: str
    attachments: Sequence[Attachment] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return not self.text.strip() and not self.attachments


class Handling:
    """The agents' side of a ticket. The same form sent twice does its work once."""

    def __init__(self, journal: Journal, moves: Moves) -> None:
        self._journal = journal
        self._moves = moves

    def take(self, ticket_id: str, agent_id: int) -> None:
        """This agent has the ticket from now on. Raises NotFound."""
        with self._journal.entry(lock_name(ticket_id)) as entry:
            ticket = look(entry, ticket_id)
            if ticket.agent_id != agent_id:
                self._give(entry, ticket, Act.TAKE, agent_id, agent_id)

    def assign(self, ticket_id: str, by_agent_id: int, to_agent_id: int) -> None:
        """That agent has the ticket from now on. Raises NotFound, also for an agent who is not there."""
        with self._journal.entry(lock_name(ticket_id)) as entry:
            ticket = look(entry, ticket_id)
            query = select(agents.c.name).where(agents.c.id == to_agent_id, agents.c.disabled_at.is_(None))
            name = entry.connection.execute(query).scalar()
            if name is None:
                raise NotFound
            if ticket.agent_id != to_agent_id:
                self._give(entry, ticket, Act.ASSIGN, by_agent_id, to_agent_id, text=name)

    def say(self, ticket_id: str, agent_id: int, act: Act, words: Words) -> None:
        """Reply, ask back, solve, or note something for agents alone. Whoever answers a ticket that nobody has, has it.

        Only a solution may go without words. Raises NotFound.
        """
        if words.is_empty and act is not Act.SOLVE:
            raise ValueError("nothing is said")
        with self._journal.entry(lock_name(ticket_id)) as entry:
            ticket = look(entry, ticket_id)
            known = select(comments.c.id).where(comments.c.ticket_id == ticket_id, comments.c.id == words.id)
            if entry.connection.execute(known).first() is not None:
                return
            if act is Act.NOTE:
                # A number for its place in the conversation, and for nobody to be told of.
                _keep(entry, ticket, agent_id, counted(entry.connection, CHANGED), words, is_internal=True)
                return
            if ticket.agent_id is None:
                self._give(entry, ticket, Act.TAKE, agent_id, agent_id)
                ticket = look(entry, ticket_id)
            change = self._moves.move(entry, ticket, act, By(agent_id))
            if not words.is_empty:
                _keep(entry, ticket, agent_id, change, words, is_internal=False)

    def reopen(self, ticket_id: str, agent_id: int) -> None:
        """Set a ticket going again that was solved or closed. Raises NotFound."""
        with self._journal.entry(lock_name(ticket_id)) as entry:
            self._moves.move(entry, look(entry, ticket_id), Act.REOPEN, By(agent_id))

    def _give(self, entry: Entry, ticket: Standing, act: Act, by_id: int, to_id: int, *, text: str = "") -> None:
        picked_up_at = ticket.picked_up_at or entry.now
        self._moves.move(entry, ticket, act, By(by_id), text, agent_id=to_id, picked_up_at=picked_up_at)


def _keep(entry: Entry, ticket: Standing, agent_id: int, change: int, words: Words, *, is_internal: bool) -> None:
    row = {
        "ticket_id": ticket.id, "id": words.id, "change": change, "at": entry.now, "agent_id": agent_id,
        "text": cleaned(words.text).strip(), "is_internal": is_internal, "is_thanks": False,
    }  # fmt: skip
    entry.connection.execute(insert(comments).values(row))
    if words.attachments:
        parts = enumerate(words.attachments)
        rows = [attachment_row(ticket.id, words.id, position, part, entry.now) for position, part in parts]
        entry.connection.execute(insert(comment_attachments), rows)
