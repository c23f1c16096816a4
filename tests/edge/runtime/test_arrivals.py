"""What sources deliver is counted, and the sound's level is that of the time since it was read."""

from __future__ import annotations

import numpy as np
import pytest

from edge.runtime.arrivals import Arrivals
from edge.types import Chunk, Frame

SINE = np.sin(np.arange(16_000) * 2 * np.pi * 440 / 16_000).astype(np.float32)


def chunk(samples: np.ndarray) -> Chunk:
    return Chunk(0, samples.astype(np.float32), 16_000, 0)


def test_pictures_are_counted() -> None:
    arrivals = Arrivals()
    for index in range(3):
        arrivals.count(Frame(index, np.zeros((2, 2, 3), np.uint8), index))
    assert arrivals.frames == 3 and arrivals.loudness() is None


@pytest.mark.parametrize(
    ("samples", "level_dbfs", "peak_dbfs", "clipped"),
    [
        (SINE, -3.01, 0.0, True),
        (SINE * 0.1, -23.01, -20.0, False),
        (np.clip(SINE * 3, -1, 32767 / 32768), -0.67, 0.0, True),
        (SINE * 0, -100.0, -100.0, False),
    ],
)
def test_level_of_sound(
    samples: np.ndarray, level_dbfs: float, peak_dbfs: float, clipped: bool
) -> None:
    arrivals = Arrivals()
    for part in np.split(samples, 50):
        arrivals.count(chunk(part))
    arrivals.count(chunk(samples[:0]))
    heard = arrivals.loudness()
    assert heard is not None and heard.clipped == clipped
    assert (heard.level_dbfs, heard.peak_dbfs) == pytest.approx((level_dbfs, peak_dbfs), abs=0.1)
    assert arrivals.loudness() is None  # nothing since
