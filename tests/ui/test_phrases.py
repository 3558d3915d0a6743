"""What the windows say about what the core only names."""

from __future__ import annotations

import pytest

from client.core.events import OutboxChanged
from client.core.models import DeskInfo
from client.ui import phrases
from client.ui.tray import tooltip


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ((), "A first answer usually takes 14 min"),
        (("Anna",), "Anna is on duty · a first answer usually takes 14 min"),
        (("Anna", "Raj"), "Anna and Raj are on duty · a first answer usually takes 14 min"),
        (("Anna", "Raj", "Mia"), "Anna, Raj and Mia are on duty · a first answer usually takes 14 min"),
    ],
)
def test_the_line_on_duty(names: tuple[str, ...], line: str) -> None:
    assert phrases.on_duty(DeskInfo(on_duty=names, first_answer_s=840)) == line


def test_a_desk_that_says_nothing_gets_no_line() -> None:
    assert phrases.on_duty(DeskInfo()) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 min"), (59, "1 min"), (840, "14 min"), (7200, "2 hours"), (3 * 86400, "3 days")],
)
def test_durations_are_rounded_to_what_matters(seconds: int, text: str) -> None:
    assert phrases.duration(seconds) == text


@pytest.mark.parametrize(("name", "letters"), [("Anna Kern", "AK"), ("Raj", "R"), ("", ""), ("a b c", "AC")])
def test_initials(name: str, letters: str) -> None:
    assert phrases.initials(name) == letters


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (OutboxChanged(0, 0, False), "Deskbell – report a problem"),
        (OutboxChanged(1, 0, True), "Deskbell – sending your report"),
        (OutboxChanged(1, 0, False), "Deskbell – 1 report is not sent yet"),
        (OutboxChanged(3, 0, False), "Deskbell – 3 reports are not sent yet"),
        (OutboxChanged(3, 2, True), "Deskbell – 2 reports need you"),
    ],
)
def test_the_tooltip_says_the_state(state: OutboxChanged, text: str) -> None:
    assert tooltip(state) == text
