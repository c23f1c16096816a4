"""Statistics of training runs: mean, deviation, paired tests, Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats


def mean_sd(values: Sequence[float] | NDArray[np.floating]) -> dict[str, float]:
    """Mean and sample standard deviation, as `mean` and `sd`; `sd` of a single value is 0."""
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
    }


def paired(gain: NDArray[np.float64]) -> dict[str, Any]:
    """Statistics of paired differences, one for each seed: `mean` and `sd`, the 95 % `interval` and
    `t_p` of a paired t-test, and `wilcoxon_p` of the signed ranks; None if a test is undefined."""
    out: dict[str, Any] = mean_sd(gain)
    if len(gain) < 2 or np.ptp(gain) == 0.0:
        return out | {"interval": None, "t_p": None, "wilcoxon_p": None}
    test = stats.ttest_1samp(gain, 0.0)
    low, high = test.confidence_interval(0.95)
    return out | {
        "interval": [float(low), float(high)],
        "t_p": float(test.pvalue),
        "wilcoxon_p": float(stats.wilcoxon(gain).pvalue),
    }


def holm(chances: Sequence[float | None]) -> list[float | None]:
    """p-values of one family of comparisons, corrected for multiple comparisons (Holm 1979)."""
    known = sorted((p, k) for k, p in enumerate(chances) if p is not None)
    adjusted: list[float | None] = [None] * len(chances)
    highest = 0.0
    for place, (p, k) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - place) * p))
        adjusted[k] = highest
    return adjusted
