"""The core as one thing: makes drafts, sends what is saved, follows what becomes of it, knows the desk.

Windows and command line are its guests.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from client.core.errors import Problem
from client.core.events import Notice, OutboxChanged
from client.core.inbox import Inbox
from client.core.lane import Jobs
from client.core.manifest import new_report_id
from client.core.models import DeskInfo
from client.core.outbox import Outbox
from client.core.spool import Spool
from client.core.surroundings import Surroundings
from client.core.tickets.following import Following

if TYPE_CHECKING:
    from client.core.claim import Claim
    from client.core.draft import Draft
    from client.core.operations import Operations
    from client.core.tickets.listing import Tickets


class Engine:
    """Built by the composition root from parts that it shares with nobody. Methods return at once."""

    def __init__(
        self,
        *,
        spool: Spool,
        outbox: Outbox,
        inbox: Inbox,
        following: Following,
        around: Surroundings,
        lanes: tuple[Jobs, ...],
        problems: tuple[Problem, ...] = (),
    ) -> None:
        self.spool = spool
        self.problems = problems
        self._outbox = outbox
        self._inbox = inbox
        self._following = following
        self._around = around
        self._lanes = lanes

    def start(self) -> None:
        """Look for waiting reports and send them.

        The desk is asked about itself when a panel opens; here only where it was never heard, since an idle program
        need not load what speaks to the network.
        """
        self._outbox.start()
        self._following.look()
        if self.desk() is None:
            self._inbox.refresh()

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop. What was asked of the disk is done before; what is not sent stays in the outbox."""
        done = threading.Event()
        self._around.disk.put(done.set)
        done.wait(timeout_s)
        self._following.stop()
        for lane in self._lanes:
            lane.close(timeout_s)
        self._following.close()

    def begin(self, via: str) -> Draft:
        """A new draft, or the unsent one from before. One that another process works on is left alone."""
        from client.core import draft_file
        from client.core.draft import Draft

        with suppress(OSError):
            for report_id in self.spool.draft_ids():
                claim = self._claimed(report_id)
                if claim is None:
                    continue
                folder = self.spool.drafts / report_id
                try:
                    return Draft(report_id, via, self._around, claim, draft_file.read(folder))
                except FileNotFoundError:  # a copy that was never finished: there are no words, nobody approved it
                    self.spool.drop_draft(report_id)
                except ValueError:
                    self.spool.set_aside(folder)
                except OSError:  # perhaps readable the next time
                    claim.release()
                    continue
                claim.release(remove=True)
        return self.begin_new(via)

    def _claimed(self, report_id: str) -> Claim | None:
        with suppress(OSError):  # a lock that cannot be opened keeps its own draft back, and no other
            return self.spool.claim(report_id)
        return None

    def begin_new(self, via: str) -> Draft:
        """A new draft, whatever was left unsent."""
        from client.core.draft import Draft

        report_id = new_report_id()
        # Without a claim where the disk takes nothing, which is said when Send is pressed.
        return Draft(report_id, via, self._around, self._claimed(report_id))

    @cached_property
    def operations(self) -> Operations:
        """What the user does to tickets."""
        from client.core.operations import Operations

        return Operations(self._around)

    def look(self) -> None:
        """Another process may have saved something."""
        self._outbox.look()
        self._following.look()

    @property
    def tickets(self) -> Tickets:
        """What became of reports."""
        return self._following.tickets

    def sync(self) -> None:
        """Ask the desk what changed, and come back when that is in `tickets`. Raises DeskError, OSError."""
        self._following.feed.sync()

    def fetch(self, ticket_id: str, sha256: str) -> None:
        """Get an attachment of a ticket; EnclosureReady or EnclosureMissing follows."""
        self._following.enclosures.fetch(ticket_id, sha256)

    def told(self, notice: Notice) -> None:
        """The user was shown a notice: it never comes again, also not after a restart."""

        def job() -> None:
            with suppress(OSError):  # then it may come again
                self._following.feed.note_told(notice)

        self._around.disk.put(job)

    def hurry(self) -> None:
        """The machine slept, or the network is another: hear anew from the desk what changed."""
        self._following.hurry()

    def send_now(self) -> None:
        """The user asks to try again."""
        self._outbox.send_now()

    def state(self) -> OutboxChanged:
        """What waits, as last told by an OutboxChanged event."""
        return self._outbox.state()

    def desk(self) -> DeskInfo | None:
        """What the desk said last, None before it was ever heard."""
        return self._inbox.info()

    def refresh_desk(self) -> None:
        """Ask the desk again; DeskChanged follows if something is new."""
        self._inbox.refresh()

    @property
    def outbox_dir(self) -> Path:
        """The folder to watch for reports saved by another process."""
        return self.spool.outbox
