"""Percentiles and ratios of measured values. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

Row = dict[str, Any]
"""A part of the results as plain JSON."""

PERCENTILES = ("p50", "p95", "p99", "max")


def percentiles(values: Sequence[float]) -> Row | None:
    """p50, p95, p99, the maximum and the number of values; None without values."""
    if not len(values):
        return None
    p50, p95, p99 = (float(p) for p in np.percentile(values, (50, 95, 99)))
    return {"p50": p50, "p95": p95, "p99": p99, "max": float(np.max(values)), "count": len(values)}


def jitter(arrivals_ns: Sequence[int], step_s: float) -> Row | None:
    """Absolute difference in ms between the step and the time from one verdict to the next."""
    off_ms = [abs((after - before) / 1e6 - step_s * 1e3) for before, after in pairwise(arrivals_ns)]
    return percentiles(off_ms)


def rate_hz(arrivals_ns: Sequence[int]) -> float | None:
    """Verdicts a second, from the first to the last."""
    if len(arrivals_ns) < 2 or arrivals_ns[-1] == arrivals_ns[0]:
        return None
    return (len(arrivals_ns) - 1) / ((arrivals_ns[-1] - arrivals_ns[0]) / 1e9)


def ratio(above: float | None, below: float | None) -> float | None:
    """`above / below`; None if one is missing or zero."""
    return above / below if above is not None and below else None
