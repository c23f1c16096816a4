"""The probability above which each of several labels is given, chosen on validation data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TRIED = 200
"""Thresholds a label, at most."""

Bools = NDArray[np.bool_]
Values = NDArray[np.float32]


def label_thresholds(probabilities: Values, true: Bools, before: Values | None = None) -> Values:
    """For each label the threshold with the best F1, of equals the one nearest to that before; that
    before for a label that none of the items has, or all.

    Args:
        probabilities, true: (n, C), of validation items.
        before: (C,); None: one half.

    Returns:
        (C,), float32 as the probabilities: what compares them in float64 decides the same.
    """
    start = np.full(true.shape[1], 0.5, np.float32) if before is None else before
    chosen = [_of_label(*three) for three in zip(probabilities.T, true.T, start, strict=True)]
    return np.array(chosen, np.float32)


def _of_label(claimed: Values, own: Bools, before: np.float32) -> np.float32:
    if own.all() or not own.any():
        return before
    levels = np.unique(np.quantile(claimed.astype(np.float64), np.linspace(0, 1, TRIED)))
    tried = np.array([before, *((levels[1:] + levels[:-1]) / 2)], np.float32)
    order = np.argsort(claimed, kind="stable")
    below = np.searchsorted(claimed[order], tried, side="right")
    # Items with the label among the k lowest probabilities, for each k.
    missed = np.concatenate([[0], np.cumsum(own[order])])[below]
    f1 = 2 * (own.sum() - missed) / (own.sum() + len(own) - below)
    best = tried[f1 == f1.max()]
    return np.float32(best[np.abs(best - before).argmin()])
