"""The only place that makes threads.

A lane runs jobs one at a time, in the order they are due, and sleeps exactly until the next is due: no polling, no
wake-up while there is nothing to do. Its thread is made with the first job.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
Job = Callable[[], None]
OnCrash = Callable[[str, BaseException], None]


class Jobs(Protocol):
    """What the core needs of a lane; `Inline` is the other one."""

    def put(self, job: Job, *, key: str | None = None, delay_s: float = 0.0) -> None:
        """Run `job` after `delay_s`. A job with the same `key` that has not started yet is replaced."""

    def drop(self, key: str) -> None:
        """Forget the job with this key, if it has not started yet."""

    def close(self, timeout_s: float = 0.0) -> None:
        """Start no further job; wait up to `timeout_s` for the one that runs."""


class Lane:
    """Jobs on one daemon thread. A job that raises is reported to `on_crash` and the next one runs."""

    def __init__(self, name: str, on_crash: OnCrash) -> None:
        self._name = name
        self._on_crash = on_crash
        self._due: list[tuple[float, int, str | None, Job]] = []
        self._serial = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def put(self, job: Job, *, key: str | None = None, delay_s: float = 0.0) -> None:
        with self._changed:
            if self._is_closed:
                return
            if key is not None:
                self._forget(key)
            heapq.heappush(self._due, (time.monotonic() + delay_s, next(self._serial), key, job))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()

    def drop(self, key: str) -> None:
        with self._changed:
            self._forget(key)

    def close(self, timeout_s: float = 0.0) -> None:
        with self._changed:
            self._is_closed = True
            self._due.clear()
            self._changed.notify()
        if self._thread is not None and timeout_s > 0 and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def _forget(self, key: str) -> None:
        kept = [item for item in self._due if item[2] != key]
        if len(kept) != len(self._due):
            heapq.heapify(kept)
            self._due = kept

    def _next(self) -> Job | None:
        with self._changed:
            while not self._is_closed:
                if not self._due:
                    self._changed.wait()
                    continue
                wait_s = self._due[0][0] - time.monotonic()
                if wait_s <= 0:
                    return heapq.heappop(self._due)[3]
                self._changed.wait(min(wait_s, threading.TIMEOUT_MAX))
        return None

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except BaseException as error:  # a lane outlives whatever a job does
                self._on_crash(self._name, error)
            del job


class Inline:
    """A lane without a thread, for the command line: a job runs at once; one that is due later is not run."""

    def put(self, job: Job, *, key: str | None = None, delay_s: float = 0.0) -> None:
        del key
        if delay_s <= 0:
            job()

    def drop(self, key: str) -> None:
        del key

    def close(self, timeout_s: float = 0.0) -> None:
        del timeout_s


class Impatient:
    """Makes calls one after another on a lane of its own, and gives the lane up when one takes too long."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lane: Lane | None = None
        self._done = threading.Event()

    def give_up(self) -> None:
        """From any thread: the call that is being made is late now."""
        self._done.set()

    def call(self, limit_s: float, make: Callable[[], T]) -> T:
        """The result of `make`, or what it raises; TimeoutError after `limit_s`, then it is left to itself."""
        if self._lane is None:
            self._lane = Lane(self._name, lambda *_: None)
            weakref.finalize(self, self._lane.close)  # its thread would wait for ever for a caller that is gone
        results: list[T] = []
        errors: list[BaseException] = []
        done = self._done = threading.Event()

        def job() -> None:
            try:
                results.append(make())
            except BaseException as error:  # handed to the caller
                errors.append(error)
            done.set()

        self._lane.put(job)
        if not done.wait(limit_s) or not (results or errors):
            self._lane.close()
            self._lane = None
            raise TimeoutError(f"no answer within {limit_s:.0f} s")
        if errors:
            raise errors.pop()  # kept, it would hold itself and this frame by its traceback
        return results[0]


def within(budget_s: float, call: Callable[[], T]) -> T:
    """The result of `call`, or TimeoutError after `budget_s`; then the call is abandoned on its daemon thread.

    For calls into an operating system that can hang for ever (a dead mount, a locked key ring).
    """
    done = threading.Event()
    result: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            result.append(call())
        except BaseException as error:  # handed to the caller
            failure.append(error)
        done.set()

    threading.Thread(target=run, name="within", daemon=True).start()
    if not done.wait(budget_s):
        raise TimeoutError(f"no answer within {budget_s} s")
    if failure:
        raise failure.pop()
    return result[0]


def each_within(budget_s: float, calls: Sequence[Callable[[], T]]) -> list[T | None]:
    """The results of all calls, made in order; None for each that raised, or was abandoned after `budget_s`.

    One thread serves all of them, and a further one after each call that hangs.
    """
    results: list[T | None] = [None] * len(calls)
    next_index = 0
    while next_index < len(calls):
        next_index = _Attempt(calls, results, next_index).run(budget_s)
    return results


class _Attempt(Generic[T]):
    """Makes calls from `first` on, until one hangs."""

    def __init__(self, calls: Sequence[Callable[[], T]], results: list[T | None], first: int) -> None:
        self._calls = calls
        self._results = results
        self._first = first
        self._current = (first, time.monotonic())
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._is_abandoned = False

    def run(self, budget_s: float) -> int:
        """The index of the call to go on with, after the last where none hung."""
        threading.Thread(target=self._work, name="within", daemon=True).start()
        left_s = budget_s
        while not self._done.wait(left_s):
            with self._lock:
                index, since = self._current
                left_s = since + budget_s - time.monotonic()
                if left_s <= 0:
                    self._is_abandoned = True
                    return index + 1
        return len(self._calls)

    def _work(self) -> None:
        for index in range(self._first, len(self._calls)):
            with self._lock:
                if self._is_abandoned:
                    return
                self._current = (index, time.monotonic())
            result: T | None = None
            with suppress(BaseException):  # a call that fails has no result
                result = self._calls[index]()
            with self._lock:
                if self._is_abandoned:
                    return
                self._results[index] = result
        self._done.set()
