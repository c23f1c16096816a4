"""Time does not wear it out: memory, threads, files and lag stay where they were."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np
import pytest
from fixtures.held import memory_mib, open_files
from fixtures.pictures import picture
from fixtures.waiting import eventually

from edge.clock import Clock, HandClock
from edge.config import load_config
from edge.demo.script import Script
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.script import ScriptedSource
from edge.types import NS_PER_S, Frame, Reading

BOTH = frozenset({"audio", "vision"})


def looped(
    fps: int, seconds: float, pace: Literal["live", "fast"], shrink: int = 1
) -> Callable[[Clock], list[Feed]]:
    """Ten seconds of the demo in which all is well, over and over."""
    script = Script(40)
    pictures = [
        picture(cv2.resize(script.frame(round(i * 25 / fps)), (640 // shrink, 480 // shrink)))
        for i in range(10 * fps)
    ]
    sound = script.samples(0, 160_000)

    def samples(first: int, count: int) -> np.ndarray:
        return np.take(sound, range(first, first + count), mode="wrap")

    def feeds(clock: Clock) -> list[Feed]:
        source = ScriptedSource(
            lambda i: pictures[i % len(pictures)], samples, fps, seconds, clock, pace=pace
        )
        return [Feed(source, BOTH, lossless=pace == "fast")]

    return feeds


def quiet(*settings: str) -> list[str]:
    return ["asr.engine=none", *settings]


@pytest.mark.soak
def test_half_an_hour_leaves_memory_flat() -> None:
    minutes = 30
    run = Run(load_config(None, quiet(), {}), looped(5, 60 * minutes, "fast", shrink=2))
    steady = 0.0
    for verdict in run.verdicts():
        if verdict.seq == 240 * 3:  # after three minutes everything has been allocated once
            gc.collect()
            steady = memory_mib()
    gc.collect()
    assert run.telemetry.verdicts == 240 * minutes
    assert memory_mib() <= 1.02 * steady


def slow_consumer(seconds: float) -> None:
    """Pictures come at 25 Hz and take 80 ms each: twice too slow."""
    fps = 25
    clock = HandClock(NS_PER_S)
    config = load_config(None, quiet(), {"seconds": seconds})
    run = Run(config, looped(fps, seconds + 1, "live"), clock=clock)
    see, worked = run.recognizer.accept_frame, [0]

    def slowly(frame: Frame) -> Reading | None:
        clock.wait_until(clock.now_ns() + 2 * NS_PER_S // fps)
        worked[0] += 1
        return see(frame)

    run.recognizer.accept_frame = slowly  # type: ignore[method-assign]
    ages_ms, memory = [], []
    for verdict in run.verdicts():
        ages_ms.append(verdict.streams["vision"].age_ms or 0.0)
        if verdict.seq % 40 == 0:
            gc.collect()
            memory.append(memory_mib())
    drops = run.telemetry.drops
    # Never older than the one being worked on and the one that waits, and a frame's time.
    assert max(ages_ms[8:]) < 400
    assert drops["frames: replaced"] > 0.3 * fps * seconds
    produced = fps * seconds
    lost = sum(count for name, count in drops.items() if name.startswith("frames"))
    assert worked[0] + lost == pytest.approx(produced, abs=fps)
    warm = memory[len(memory) // 4 :]
    assert warm[-1] <= 1.02 * warm[0]


@pytest.mark.slow
def test_a_consumer_twice_too_slow_drops_but_never_lags() -> None:
    slow_consumer(10)


@pytest.mark.soak
def test_a_consumer_twice_too_slow_for_ten_minutes() -> None:
    slow_consumer(600)


def start_and_stop(times: int) -> None:
    feeds = looped(25, 5, "live")
    threads = files = 0
    memory = 0.0
    for cycle in range(times):
        if cycle == max(2, times // 5):  # libraries keep some for ever, once
            gc.collect()
            threads, files, memory = threading.active_count(), open_files(), memory_mib()
        run = Run(load_config(None, [], {}), feeds)
        for verdict in run.verdicts():
            if verdict.seq == 1:
                run.stop()
    gc.collect()
    eventually(
        lambda: threading.active_count() <= threads
    )  # on a busy machine the last one lingers
    assert open_files() <= files
    assert memory_mib() <= 1.05 * memory


@pytest.mark.slow
def test_start_and_stop_leave_nothing_behind() -> None:
    start_and_stop(4)


@pytest.mark.soak
def test_a_hundred_starts_and_stops_leave_nothing_behind() -> None:
    start_and_stop(100)
