"""What the windows say about things that the core only names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QDateTime, QLocale

from client.core.models import DeskInfo, Fact
from client.core.words import _, language, ngettext

SUMMARY_KEYS = ("host", "os")


def locale() -> QLocale:
    return QLocale(language())


def clock(moment: datetime, *, seconds: bool = False) -> str:
    """The time of day, as the user's clock shows it."""
    local = moment.astimezone()
    return f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"


def day_and_clock(moment: datetime) -> str:
    """As `clock`, with the date if that is not today."""
    local = moment.astimezone()
    if local.date() == datetime.now().astimezone().date():
        return clock(moment)
    stamp = QDateTime.fromSecsSinceEpoch(int(moment.timestamp()))
    return locale().toString(stamp, QLocale.FormatType.ShortFormat)


def size(size_bytes: int) -> str:
    return locale().formattedDataSize(size_bytes, 1, QLocale.DataSizeFormat.DataSizeTraditionalFormat)


def on_duty(desk: DeskInfo) -> str:
    """Who is there and how long a first answer usually takes; empty where the desk says neither."""
    parts = []
    if len(desk.on_duty) == 1:
        parts.append(_("{name} is on duty").format(name=desk.on_duty[0]))
    elif len(desk.on_duty) == 2:
        parts.append(_("{first} and {second} are on duty").format(first=desk.on_duty[0], second=desk.on_duty[1]))
    elif desk.on_duty:
        parts.append(
            _("{names} and {last} are on duty").format(names=", ".join(desk.on_duty[:-1]), last=desk.on_duty[-1])
        )
    if desk.first_answer_s is not None:
        parts.append(_("a first answer usually takes {time}").format(time=duration(desk.first_answer_s)))
    line = " · ".join(parts)
    return line[:1].upper() + line[1:]


def duration(seconds: int) -> str:
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return ngettext("{count} min", "{count} min", minutes).format(count=minutes)
    hours = round(minutes / 60)
    if hours < 36:
        return ngettext("{count} hour", "{count} hours", hours).format(count=hours)
    days = round(hours / 24)
    return ngettext("{count} day", "{count} days", days).format(count=days)


def initials(name: str) -> str:
    words = name.split()
    return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper() if words else ""


def in_lines(value: str) -> str:
    """A fact's value for reading: one thing in a line, and no line that begins with "%"."""
    return value.replace("; ", "\n").replace(" %", "\u00a0%")


def summary(facts: Sequence[Fact], excluded: frozenset[str]) -> tuple[str, list[str]]:
    """(what machine this is, what is odd about it) in the facts that are sent.

    What stands in brackets (builds) is left out. One odd fact is told with its value, several without: they share
    a line.
    """
    sent = [fact for fact in facts if fact.key not in excluded]
    named = [fact.value.split(" (")[0] for key in SUMMARY_KEYS for fact in sent if fact.key == key]
    odd = [fact for fact in sent if fact.alarm]
    return ", ".join(named), [alarm(fact, is_alone=len(odd) == 1) for fact in odd]


def alarm(fact: Fact, *, is_alone: bool) -> str:
    """What is odd about a fact that has an alarm."""
    assert fact.alarm
    if is_alone:
        return _("{fact}: {alarm} ({value})").format(fact=_(fact.label), value=fact.value, alarm=_(fact.alarm))
    return _("{fact}: {alarm}").format(fact=_(fact.label), alarm=_(fact.alarm))
