"""A live run switches threads quickly, and restores the interpreter's settings."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from fixtures.waiting import LIMIT_S

from edge.scheduling import (
    ORDINARY_NICE,
    RAISED_NICE,
    SWITCH_S,
    WORKERS_NICE,
    lower_priority,
    lower_priority_of_worker,
    real_time,
    real_time_permitted,
    step_priority,
)

CHILD = """
import os
from edge.scheduling import lower_priority
lower_priority()
print(os.getpriority(os.PRIO_PROCESS, 0))
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="priority by thread is Linux' own")


def test_the_switch_interval_is_restored_also_after_an_error() -> None:
    before_s = sys.getswitchinterval()
    with pytest.raises(RuntimeError), step_priority():
        assert sys.getswitchinterval() == pytest.approx(SWITCH_S)
        raise RuntimeError
    assert sys.getswitchinterval() == pytest.approx(before_s)


@linux
def test_only_a_worker_yields() -> None:
    weights: list[int] = []

    def work() -> None:
        lower_priority()
        weights.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert weights == [min(mine + WORKERS_NICE, 19)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == mine


def test_of_overlapping_runs_the_last_one_restores_the_settings() -> None:
    before_s, frozen = sys.getswitchinterval(), gc.get_freeze_count()
    first, second = step_priority(), step_priority()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(SWITCH_S)
    assert gc.get_freeze_count() > frozen
    second.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(before_s)
    assert gc.get_freeze_count() == 0


def policy() -> int:
    return os.sched_getscheduler(threading.get_native_id()) & ~os.SCHED_RESET_ON_FORK


def in_thread(work: Callable[[], int]) -> int:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def highest() -> int:
    """The policy that the calling thread may have."""
    with suppress(PermissionError):
        os.sched_setscheduler(threading.get_native_id(), os.SCHED_FIFO, os.sched_param(1))
    return policy()


@linux
def test_a_step_is_real_time_where_permitted_and_what_it_starts_is_not() -> None:
    expected = in_thread(highest)
    with pytest.raises(RuntimeError), real_time():
        assert policy() == expected
        assert in_thread(policy) == os.SCHED_OTHER
        raise RuntimeError
    assert policy() == os.SCHED_OTHER


def nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@linux
def test_beside_real_time_steps_all_threads_come_before_other_programs() -> None:
    asked, answer = threading.Event(), threading.Event()
    found: list[int] = []

    def other() -> None:
        asked.wait(LIMIT_S)
        found.append(nice())
        answer.set()

    early = threading.Thread(target=other)
    early.start()
    before = nice()
    raised = real_time_permitted() and before == ORDINARY_NICE
    expected = RAISED_NICE if raised else before
    with step_priority():
        asked.set()
        assert answer.wait(LIMIT_S) and found == [expected]
        assert nice() == in_thread(nice) == expected
        command = [sys.executable, "-c", CHILD]
        child = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(child.stdout) == max(ORDINARY_NICE, before) + WORKERS_NICE
    assert nice() == before
    early.join()


@linux
def test_without_permission_a_step_is_ordinary_and_workers_yield(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    def yields() -> int:
        before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        lower_priority_of_worker()
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) - before

    real_time_permitted.cache_clear()
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    try:
        assert not real_time_permitted()
        with real_time():
            assert policy() == os.SCHED_OTHER
        assert in_thread(yields) == WORKERS_NICE
    finally:
        real_time_permitted.cache_clear()
    monkeypatch.undo()
    assert in_thread(yields) == (0 if real_time_permitted() else WORKERS_NICE)
