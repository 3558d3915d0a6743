"""The lane: in due order, exactly on time, and never a thread or a wake-up too many."""

from __future__ import annotations

import gc
import threading

import pytest

from client.core.lane import Impatient, Lane, each_within, within


def _lane(crashes: list[BaseException] | None = None) -> Lane:
    return Lane("test", lambda _name, error: (crashes if crashes is not None else []).append(error))


def test_jobs_run_one_at_a_time_in_the_order_they_are_due() -> None:
    seen: list[str] = []
    done = threading.Event()
    lane = _lane()

    def last() -> None:
        seen.append("last")
        done.set()

    lane.put(last, delay_s=0.05)
    lane.put(lambda: seen.append("first"))
    lane.put(lambda: seen.append("second"))
    assert done.wait(10)
    lane.close(5)
    assert seen == ["first", "second", "last"]


def test_a_job_with_the_same_key_replaces_the_one_that_has_not_started() -> None:
    seen: list[int] = []
    begun, go, done = threading.Event(), threading.Event(), threading.Event()
    lane = _lane()

    def hold() -> None:
        begun.set()
        go.wait(10)

    lane.put(hold)
    assert begun.wait(10)
    for number in range(5):
        lane.put(lambda number=number: seen.append(number), key="save")  # type: ignore[misc]
    lane.put(lambda: seen.append(-1), key="other")
    lane.drop("other")
    lane.put(done.set)
    go.set()
    assert done.wait(10)
    lane.close(5)
    assert seen == [4]


def test_a_job_that_fails_is_reported_and_the_next_runs() -> None:
    crashes: list[BaseException] = []
    done = threading.Event()
    lane = _lane(crashes)

    def fail() -> None:
        raise SystemExit("no")

    lane.put(fail)
    lane.put(done.set)
    assert done.wait(10)
    lane.close(5)
    assert [str(error) for error in crashes] == ["no"]


def test_there_is_no_thread_before_the_first_job_and_none_after_close() -> None:
    def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "lonely"]

    lane = Lane("lonely", lambda *_: None)
    assert threads() == []
    done = threading.Event()
    lane.put(done.set)
    assert done.wait(10)
    assert threads() == ["lonely"]
    lane.close(10)
    assert threads() == []
    lane.put(done.clear)
    assert done.is_set()


def test_a_call_that_hangs_is_abandoned() -> None:
    release = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.05, lambda: release.wait(30))
    release.set()
    assert within(10, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(10, lambda: 1 // 0)


def test_calls_that_hang_or_fail_cost_only_themselves() -> None:
    release = threading.Event()
    calls = [lambda: 1, lambda: release.wait(30), lambda: 1 // 0, lambda: 4, lambda: release.wait(30), lambda: 6]
    assert each_within(0.05, calls) == [1, None, None, 4, None, 6]
    release.set()
    assert each_within(0.05, []) == []


def test_many_quick_calls_may_take_longer_together_than_one_may_alone() -> None:
    pause = threading.Event()
    assert each_within(0.1, [lambda: pause.wait(0.03)] * 10) == [False] * 10


def test_an_impatient_one_that_nobody_has_any_more_leaves_no_thread() -> None:
    impatient = Impatient("soon gone")
    impatient.call(10, lambda: None)
    (thread,) = [each for each in threading.enumerate() if each.name == "soon gone"]
    del impatient
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()
