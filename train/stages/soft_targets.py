"""Labels as distributions: acted and annotated labels are not certain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from train.corpora.sampling import ABSENT


def one_hot(labels: NDArray[np.int64], classes: int, smoothing: float = 0.1) -> NDArray[np.float32]:
    """Labels (n,) as distributions (n, C): `smoothing` is shared by the other labels."""
    others = smoothing / (classes - 1)
    target = np.full((len(labels), classes), others, np.float32)
    target[np.arange(len(labels)), labels] = 1 - smoothing
    return target


def shared(every: NDArray[np.bool_], smoothing: float = 0.1) -> NDArray[np.float32]:
    """As `one_hot`, for lines (n, C) with one or more labels, which share the rest equally."""
    target = every / np.maximum(every.sum(axis=1, keepdims=True), 1)
    out = target * (1 - smoothing) + (1 - target) * smoothing / (every.shape[1] - 1)
    return np.asarray(out / out.sum(axis=1, keepdims=True), np.float32)


def among(target: NDArray[np.float32], log_prior: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distributions (n, C) without the labels that an item's corpus does not have: a share for such
    a label would have to make up for its prior, and so teach that label everywhere."""
    there = target * (log_prior > ABSENT)
    return np.asarray(there / there.sum(axis=1, keepdims=True), np.float32)
