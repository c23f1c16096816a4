"""Persons whose neutral items are drawn as if they had sat before the camera, and the answers for
their other items after the shift that this gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.types import Float
from train.corpora.labels import LABELS

NEUTRAL = LABELS.index("neutral")
Fuse = Callable[[Float], Float]
"""Pooled embeddings (n, D) to probabilities (n, 7)."""


@dataclass(frozen=True)
class Items:
    """The n items of one corpus and part: pooled embeddings (n, D), labels (n,), persons (n,)."""

    embeddings: Float
    labels: NDArray[np.int64]
    persons: NDArray[np.str_]


@dataclass(frozen=True)
class Tally:
    """Scored items by person and label, summed over the draws.

    Attributes:
        total: (P, 7) items of each of P persons.
        right: (K, P, 7) those answered rightly at each of K strengths.
    """

    total: NDArray[np.int64]
    right: NDArray[np.int64]


def who_can(items: Items, count: int) -> list[str]:
    """The persons with `count` neutral items or more and something else to score."""
    found = []
    for person in np.unique(items.persons):
        own = items.labels[items.persons == person]
        if (own == NEUTRAL).sum() >= count and (own != NEUTRAL).any():
            found.append(str(person))
    return found


def tally(
    items: Items,
    reference: Float,
    count: int,
    strengths: Sequence[float],
    draws: int,
    fuse: Fuse,
    seed: int = 0,
) -> Tally:
    """Right answers with the shift at each strength.

    In each draw, `count` neutral items of each person are taken away and averaged; the person's
    other items are shifted by minus strength * (average - `reference`) and scored. At each strength
    the same items are scored.

    Args:
        items: Of one corpus; persons with too few neutral items are left out (`who_can`).
        reference: (D,), the mean neutral embedding of the persons of the training.
        strengths: 0 is no shift.
    """
    people = who_can(items, count)
    total = np.zeros((len(people), len(LABELS)), np.int64)
    right = np.zeros((len(strengths), len(people), len(LABELS)), np.int64)
    rng = np.random.default_rng((seed, count))
    for _ in range(draws):
        for number, person in enumerate(people):
            own = np.flatnonzero(items.persons == person)
            neutral = own[items.labels[own] == NEUTRAL]
            sat = rng.choice(neutral, count, replace=False)
            rest = np.setdiff1d(own, sat)
            labels = items.labels[rest]
            shift = items.embeddings[sat].mean(axis=0) - reference
            np.add.at(total[number], labels, 1)
            for k, strength in enumerate(strengths):
                moved = np.asarray(items.embeddings[rest] - strength * shift, np.float32)
                hit = fuse(moved).argmax(axis=1) == labels
                np.add.at(right[k, number], labels[hit], 1)
    return Tally(total, right)
