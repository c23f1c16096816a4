"""Clocks that disagree: the sound card's against the machine's, and the wall's against both."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from edge.sources.chunking import Chunker
from edge.sources.sample_time import SampleTime
from edge.types import NS_PER_MS, NS_PER_S, Chunk

RATE_HZ, BLOCK = 16_000, 320
EDGE = Path(__file__).parents[2] / "edge"


def heard(minutes: float, ppm: float) -> tuple[list[Chunk], np.ndarray]:
    """Chunks of a microphone whose clock is off by `ppm`, and when each truly began.

    Callbacks are late by what schedulers do: 2 ms mostly, 100 ms now and then.
    """
    rng = np.random.default_rng(abs(round(ppm)))
    fit = SampleTime(RATE_HZ, 60 * NS_PER_MS)
    chunker = Chunker(fit.time_of)
    blocks = round(minutes * 60 * 50)
    late_ns = rng.exponential(2 * NS_PER_MS, blocks)
    late_ns[rng.random(blocks) < 0.01] += 100 * NS_PER_MS
    block_ns = BLOCK * NS_PER_S / RATE_HZ / (1 + ppm * 1e-6)
    samples = np.zeros(BLOCK, np.float32)
    chunks: list[Chunk] = []
    for index in range(blocks):
        arrives_ns = (index + 1) * block_ns + late_ns[index]
        fit.observe(index * BLOCK, BLOCK, round(arrives_ns), None)
        chunks.extend(chunker.feed(samples))
    true_ns = np.array([chunk.first_sample for chunk in chunks]) / BLOCK * block_ns
    return chunks, true_ns


def check(minutes: float, ppm: float) -> None:
    chunks, true_ns = heard(minutes, ppm)
    t_ns = np.array([chunk.t_ns for chunk in chunks])
    assert len(chunks) == round(minutes * 60 * 50)
    assert all(chunk.gap is None for chunk in chunks)
    # Pictures are stamped on the machine's clock, so this is the offset of sound to picture.
    assert np.abs(t_ns - true_ns).max() <= 20 * NS_PER_MS
    assert (np.diff(t_ns) > 0).all()


@pytest.mark.parametrize("ppm", [-200.0, 0.0, 200.0])
def test_sound_stays_with_the_picture_for_half_an_hour(ppm: float) -> None:
    """By the count alone they would be 360 ms apart in the end."""
    check(30, ppm)


ASKS = ("time.time(", "time.time_ns(", "datetime.now(", "utcnow(", "today(")


@pytest.mark.alone  # at the pace of the clock, and no step may be late
def test_the_wall_clock_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone sets it back by an hour again and again: a verdict's date tells, and no more."""
    from edge.config import load_config
    from edge.runtime.run import Run

    begun_ns = time.time_ns()
    wall = iter(range(10**5))
    monkeypatch.setattr(time, "time_ns", lambda: begun_ns - 3600 * NS_PER_S * next(wall))
    monkeypatch.setattr(time, "time", lambda: begun_ns / NS_PER_S - 3600 * next(wall))
    clip = EDGE / "assets" / "demo_speech.opus"
    config = load_config(
        None, ["asr.engine=none", "source.pace=live"], {"source.file": str(clip), "seconds": 2.0}
    )
    verdicts = list(Run(config).verdicts())
    assert len(verdicts) == 8
    steps_ns = np.diff([verdict.span_ns[1] for verdict in verdicts])
    assert (steps_ns == NS_PER_S // 4).all()
    assert all(verdict.latency_ms["total"] < 1000 for verdict in verdicts)
    for path in EDGE.rglob("*.py"):
        text = path.read_text("utf-8")
        asks = [word for word in ASKS if word in text]
        assert not asks or path == EDGE / "clock.py", (path, asks)
