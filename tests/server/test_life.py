"""The table of what may become of a ticket, cell by cell."""

from __future__ import annotations

import itertools

import pytest

from server_stub.life import Act, EventKind, Status, Step, step
from server_stub.thanks import is_thanks

# For each act, what becomes of new, open, pending, solved, closed; then what is noted, "-" for nothing.
EXPECTED = {
    Act.COMMENT: ("new open open open open", "- - - reopened reopened"),
    Act.THANK: ("new open pending solved closed", "- - - - -"),
    Act.WORKS: ("closed closed closed closed closed", "closed closed closed closed closed"),
    Act.STILL_BROKEN: ("new open open open open", "reopened reopened reopened reopened reopened"),
    Act.WITHDRAW: ("closed closed closed closed closed", "withdrawn withdrawn withdrawn withdrawn withdrawn"),
    Act.RATE: ("new open pending solved closed", "rated rated rated rated rated"),
    Act.TAKE: ("open open pending solved closed", "taken taken taken taken taken"),
    Act.ASSIGN: ("open open pending solved closed", "assigned assigned assigned assigned assigned"),
    Act.REPLY: ("open open pending solved closed", "answered answered answered answered answered"),
    Act.ASK: ("pending pending pending pending closed", "asked asked asked asked answered"),
    Act.NOTE: ("new open pending solved closed", "- - - - -"),
    Act.SOLVE: ("solved solved solved solved closed", "solved solved solved solved answered"),
    Act.REOPEN: ("new open pending open open", "- - - reopened reopened"),
    Act.EXPIRE: ("new open pending closed closed", "- - - closed -"),
}

CELLS = list(itertools.product(Act, Status))


@pytest.mark.parametrize(("act", "before"), CELLS)
def test_each_act_on_each_status(act: Act, before: Status) -> None:
    statuses, events = (row.split()[list(Status).index(before)] for row in EXPECTED[act])
    event = None if events == "-" else EventKind(events)
    assert step(act, before) == Step(Status(statuses), event)


@pytest.mark.parametrize(("act", "before"), CELLS)
def test_what_would_reopen_a_ticket_closed_long_ago_continues_in_another(act: Act, before: Status) -> None:
    late = step(act, before, is_late=True)
    if before is Status.CLOSED and act in (Act.COMMENT, Act.STILL_BROKEN):
        assert late == Step(Status.CLOSED, EventKind.CONTINUED, continues=True)
    else:
        assert late == step(act, before)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "thank you",
        "Thank you so much, Anna",
        "THX 👍",
        "Thanks a lot for the quick help!\nKind regards\nLena Fuchs",
        "Thanks, works now",
        "Danke!",
        "Vielen Dank, Anna.",
        "Herzlichen Dank für die schnelle Hilfe 🙂",
        "Danke, es geht wieder. Liebe Grüße",
        "Super, danke schön",
    ],
)
def test_a_plain_thank_you_is_one(text: str) -> None:
    assert is_thanks(text, "Anna Kern", "Lena Fuchs")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "👍",
        "works now",
        "Thanks?",
        "Thank you, but it is still broken",
        "Thanks, not yet",
        "no thanks",
        "Thanks for nothing",
        "Thanks. Could you look at the printer as well",
        "Danke, aber es geht nicht",
        "Danke, geht leider immer noch nicht",
        "Danke! Wann kommt der neue Drucker?",
        "Danke " * 17,
        "Thanks Bert",
    ],
)
def test_what_wants_something_is_no_plain_thank_you(text: str) -> None:
    assert not is_thanks(text, "Anna Kern", "Lena Fuchs")
