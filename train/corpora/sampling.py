"""Class-balanced drawing of items."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def balanced_draw(
    labels: NDArray[np.int64], count: int, class_balance: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Indices of `count` items; a class is drawn in proportion to size ** (1 - class_balance).

    Every item of a class is drawn once before any of them is drawn twice.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    share = sizes.astype(np.float64) ** (1 - class_balance)
    counts = rng.multinomial(count, share / share.sum())
    parts = []
    for label, wanted in zip(classes, counts, strict=True):
        members = np.flatnonzero(labels == label)
        rounds = [rng.permutation(members) for _ in range(-(-int(wanted) // len(members)))]
        parts.append(np.concatenate([*rounds, members[:0]])[:wanted])
    drawn = np.concatenate(parts)
    rng.shuffle(drawn)
    return drawn


def balanced_subset(
    labels: NDArray[np.int64], most: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Sorted indices of at most `most` items without repetition, with classes as balanced as their
    sizes allow."""
    if len(labels) <= most:
        return np.arange(len(labels))
    order = rng.permutation(len(labels))
    rank = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        members = order[labels[order] == label]
        rank[members] = np.arange(len(members))
    return np.sort(order[np.argsort(rank[order], kind="stable")][:most])
