"""Which of two engines of one graph is faster, measured in turns: both see the same noise."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from edge.bundle.golden import Case
from edge.engines import Engine

WARM, ROUNDS = 30, 300


def faster(new: Engine, old: Engine, cases: Sequence[Case]) -> float:
    """The median time of `old` over that of `new`: above 1, `new` is faster."""
    taken: tuple[list[int], list[int]] = ([], [])
    for k in range(WARM + ROUNDS):
        inputs = cases[k % len(cases)].inputs
        for engine, times in zip((new, old), taken, strict=True):
            begin = time.perf_counter_ns()
            engine.run(inputs)
            if k >= WARM:
                times.append(time.perf_counter_ns() - begin)
    return float(np.median(taken[1]) / np.median(taken[0]))
