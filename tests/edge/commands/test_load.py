"""The load that the page shows: rates over some seconds, processors, and what is too much."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edge.commands import load
from edge.commands.load import Load, too_busy
from edge.dashboard.load import busy, level, rows
from edge.runtime.telemetry import Telemetry
from edge.types import Frame


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that is set by hand; `Load` alone asks it."""
    at = [100.0]
    monkeypatch.setattr("edge.commands.load.time.monotonic", lambda: at[0])
    return at


def test_rates_are_those_of_the_last_seconds(now: list[float]) -> None:
    telemetry = Telemetry()
    one = Load(telemetry)
    assert one.read()["frames_seen_hz"] is None  # too soon
    for _ in range(100):  # tenths of a second
        now[0] += 0.1
        for _ in range(3):
            telemetry.arrivals.count(Frame(0, np.zeros((1, 1, 3), np.uint8), 0))
        telemetry.drop("frames", "replaced")
        read = one.read()
    assert read["frames_seen_hz"] == pytest.approx(30, abs=0.7)
    assert read["frames_used_hz"] == pytest.approx(20, abs=0.5)
    assert busy(read) == "This machine is too busy: of 30 pictures a second 10 are left out."
    now[0] += 60
    assert one.read()["too_busy"] == []
    assert len(one._rates) == len(one._cpu) == 1


def test_processors_that_work_are_seen() -> None:
    if not load.MACHINE.exists():
        pytest.skip("only Linux has /proc")
    one = Load(Telemetry())
    before, until_s = one.read(), time.monotonic() + load.READ_S + 0.05
    while time.monotonic() < until_s:
        pass
    read = one.read()
    assert before["cpu_run"] is None and 0.2 < read["cpu_run"] <= read["processors"] + 0.5
    assert 0 < read["cpu_machine"] <= 1


def test_without_proc_there_is_no_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "MACHINE", Path("/nowhere"))
    monkeypatch.setattr(load, "cpu_by_thread_ns", Counter)
    one = Load(Telemetry())
    one.read()
    read = one.read()
    assert read["cpu_run"] is None and read["cpu_machine"] is None
    assert rows(read, None) == "" and level(read) == ""


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ({"frames: replaced": 10}, []),
        ({"frames: replaced": 80}, ["of 30 pictures a second 16 are left out"]),
        ({"frames: the stream is dropped and only probed": 100}, []),
        ({"audio chunks: full": 1}, ["sound is left out"]),
        ({"speech-to-text chunks: full": 1}, ["words are left out"]),
        ({"steps: the step thread stalled": 1}, ["answers are left out"]),
    ],
)
def test_only_what_is_lost_to_slowness_is_too_much(lost: dict[str, int], said: list[str]) -> None:
    assert too_busy(Counter(lost), 150, 5.0) == said
