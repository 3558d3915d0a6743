"""What can go wrong, sorted by what happens next.

DeskbellError            carries a Problem: what a person is told
├── ConfigError          a setting is missing or makes no sense
└── DeskError            a desk did not take what it was given
    ├── NotOurServer     something answered, but not the desk (sign-in page of a network, wrong address)
    ├── Unreachable      nothing was sent: name, connection, TLS, proxy
    ├── Unanswered       sent, perhaps arrived: time-out, reset, cut off, 502, 504
    ├── Throttled        429, 503: later, at `retry_after_s`
    ├── ServerFault      500, 507 and kin
    ├── SignInNeeded     401, 403: the desk does not know this device
    ├── LocalFault       this PC could not read or move the report
    └── Rejected         this very report: a person must act
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault in words for people: what happened, what happens next, what they can do. `code` is for programs."""

    code: str
    title: str
    detail: str = ""


class DeskbellError(Exception):
    """Base of all errors that carry words for people."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.title} {problem.detail}".strip())
        self.problem = problem


class ConfigError(DeskbellError):
    """The configuration cannot be used."""


class DeskError(DeskbellError):
    """A desk did not take what it was given."""


class NotOurServer(DeskError):
    """Whoever answered is not the desk. Everything is held, nothing is given up."""


class Unreachable(DeskError):
    """Nothing was sent."""


class Unanswered(DeskError):
    """It may have arrived."""


class Throttled(DeskError):
    """The desk asks to come back later."""

    def __init__(self, problem: Problem, retry_after_s: float) -> None:
        super().__init__(problem)
        self.retry_after_s = retry_after_s


class ServerFault(DeskError):
    """The desk has a fault of its own."""


class LocalFault(DeskError):
    """This PC is in the way, not the desk."""


class SignInNeeded(DeskError):
    """The desk does not know this device."""


class Rejected(DeskError):
    """The desk will not take this report as it is."""
