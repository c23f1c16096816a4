"""A live run switches threads quickly, and restores the interpreter's settings."""

from __future__ import annotations

import gc
import os
import sys
import threading

import pytest

from edge.scheduling import SWITCH_S, WORKERS_NICE, lower_priority, step_priority


def test_the_switch_interval_is_restored_also_after_an_error() -> None:
    before_s = sys.getswitchinterval()
    with pytest.raises(RuntimeError), step_priority():
        assert sys.getswitchinterval() == pytest.approx(SWITCH_S)
        raise RuntimeError
    assert sys.getswitchinterval() == pytest.approx(before_s)


@pytest.mark.skipif(sys.platform != "linux", reason="priority by thread is Linux' own")
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
