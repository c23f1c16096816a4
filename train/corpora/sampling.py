"""Drawing of items with classes, and corpora, balanced."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ABSENT = -12.0
"""Log frequency of a label that a corpus does not have: the network is not taught that a tweet is
never neutral only because nobody could name it so."""


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


class CorpusDraw:
    """Draws items of several corpora, and knows how frequent each label is among those drawn of one
    corpus."""

    def __init__(
        self,
        labels: NDArray[np.int64],
        corpus: NDArray[np.str_],
        classes: int,
        class_balance: float,
        corpus_balance: float,
    ) -> None:
        """Args:
        labels: (n,), indices of labels, of `classes`.
        corpus: (n,), the corpus of each item.
        class_balance: within a corpus, as in `balanced_draw`.
        corpus_balance: 0 draws corpora in proportion to their sizes, 1 equally.
        """
        self._labels, self._class_balance = labels, class_balance
        names, self._number = np.unique(corpus, return_inverse=True)
        self._rows = [np.flatnonzero(self._number == k) for k in range(len(names))]
        share = np.array([len(rows) for rows in self._rows], np.float64) ** (1 - corpus_balance)
        self._share = share / share.sum()
        self._log_priors = np.stack(
            [log_prior(labels[rows], classes, class_balance) for rows in self._rows]
        )

    def __call__(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Indices of `count` items."""
        if len(self._rows) == 1:
            return balanced_draw(self._labels, count, self._class_balance, rng)
        counts = rng.multinomial(count, self._share)
        drawn = [
            rows[balanced_draw(self._labels[rows], int(wanted), self._class_balance, rng)]
            for rows, wanted in zip(self._rows, counts, strict=True)
        ]
        together = np.concatenate(drawn)
        rng.shuffle(together)
        return together

    def log_prior(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """Log frequency (k, C) of each label in the corpus of each of the k items, as drawn."""
        return self._log_priors[self._number[items]]


def log_prior(labels: NDArray[np.int64], classes: int, class_balance: float) -> NDArray[np.float32]:
    """Log frequency (C,) of each label as `balanced_draw` draws it; `ABSENT` where it is not
    there."""
    sizes = np.bincount(labels, minlength=classes).astype(np.float64)
    share = np.where(sizes > 0, sizes ** (1 - class_balance), 0.0)
    share /= share.sum()
    return np.where(share > 0, np.log(np.maximum(share, 1e-9)), ABSENT).astype(np.float32)


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
