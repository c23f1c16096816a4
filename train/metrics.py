"""Figures of merit, each with the interval that resampling the test items gives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.floating]


def accuracy(labels: Ints, answers: Ints) -> float:
    """Share of right answers."""
    return float(np.mean(labels == answers))


def uar(labels: Ints, answers: Ints) -> float:
    """Unweighted average recall: the mean over the classes that occur."""
    return float(np.mean([np.mean(answers[labels == c] == c) for c in np.unique(labels)]))


def macro_f1(labels: Ints, answers: Ints) -> float:
    """Mean of the classes' F1."""
    scores = []
    for c in np.unique(labels):
        hit = float(np.sum((labels == c) & (answers == c)))
        scores.append(2 * hit / max(float(np.sum(labels == c) + np.sum(answers == c)), 1.0))
    return float(np.mean(scores))


def confusion(labels: Ints, answers: Ints, classes: int) -> list[list[int]]:
    """Counts, a row for each true class."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (labels, answers), 1)
    return [[int(n) for n in row] for row in table]


def calibration_error(right: NDArray[np.bool_], confidence: Floats, bins: int = 15) -> float:
    """ECE: mean distance of confidence from the share of right answers, in equal-width bins."""
    which = np.minimum((np.asarray(confidence) * bins).astype(int), bins - 1)
    error = 0.0
    for b in np.unique(which):
        inside = which == b
        error += inside.mean() * abs(float(right[inside].mean() - confidence[inside].mean()))
    return float(error)


def auroc(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Probability that a positive's score is higher than a negative's; ties count half."""
    ups, downs = int(positive.sum()), int((~positive).sum())
    if not ups or not downs:
        return float("nan")
    order = np.sort(scores[~positive])
    below = np.searchsorted(order, scores[positive], "left")
    not_above = np.searchsorted(order, scores[positive], "right")
    return float((below + not_above).sum() / (2.0 * ups * downs))


def interval(
    figure: Callable[[NDArray[np.int64]], float],
    groups: NDArray[np.int64],
    seed: int = 0,
    rounds: int = 1000,
) -> tuple[float, float]:
    """95 % bootstrap interval.

    Args:
        figure: of item indices.
        groups: shape (n,): items of one group (a speaker) are drawn together: they err together.
    """
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    values = []
    for _ in range(rounds):
        drawn = rng.integers(0, len(members), len(members))
        values.append(figure(np.concatenate([members[k] for k in drawn])))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
