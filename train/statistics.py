"""How sure a difference between training runs is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats


def mean_sd(values: Sequence[float] | NDArray[np.floating]) -> dict[str, float]:
    """Mean and sample deviation, as `mean` and `sd`; a single value deviates by 0."""
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
    }


def paired(gain: NDArray[np.float64]) -> dict[str, Any]:
    """What differences say, one for each seed: `mean` and `sd`, the 95 % `interval` and `t_p` of a
    paired t-test, and `wilcoxon_p` of the signed ranks; None where there is no such test."""
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
    """p-values of one family of comparisons, adjusted for there being several (Holm 1979)."""
    known = sorted((p, k) for k, p in enumerate(chances) if p is not None)
    adjusted: list[float | None] = [None] * len(chances)
    highest = 0.0
    for place, (p, k) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - place) * p))
        adjusted[k] = highest
    return adjusted
