"""The probability above which each of several labels is given, chosen on validation data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TRIED = 200
"""Thresholds a label, at most."""

Bools = NDArray[np.bool_]
Values = NDArray[np.float32]


def label_thresholds(probabilities: Values, true: Bools) -> Values:
    """For each label the threshold with the best F1, of equals the one nearest to one half; one
    half for a label that none of the items has, or all.

    Args:
        probabilities, true: (n, C), of validation items.

    Returns:
        (C,), float32 as the probabilities: what compares them in float64 decides the same.
    """
    chosen = [_of_label(*pair) for pair in zip(probabilities.T, true.T, strict=True)]
    return np.array(chosen, np.float32)


def _of_label(claimed: Values, own: Bools) -> np.float32:
    half = np.float32(0.5)
    if own.all() or not own.any():
        return half
    levels = np.unique(np.quantile(claimed.astype(np.float64), np.linspace(0, 1, TRIED)))
    tried = np.array([half, *((levels[1:] + levels[:-1]) / 2)], np.float32)
    order = np.argsort(claimed, kind="stable")
    below = np.searchsorted(claimed[order], tried, side="right")
    # Items with the label among the k lowest probabilities, for each k.
    missed = np.concatenate([[0], np.cumsum(own[order])])[below]
    f1 = 2 * (own.sum() - missed) / (own.sum() + len(own) - below)
    best = tried[f1 == f1.max()]
    return np.float32(best[np.abs(best - half).argmin()])
