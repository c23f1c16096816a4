"""UAR and its gain over no shift, with intervals over persons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.studies.calibration.draws import Tally

ROUNDS = 2000
"""Of the bootstrap."""
Floats = NDArray[np.float64]


def uar_at(tally: Tally, weights: NDArray[np.int64] | None = None) -> Floats:
    """UAR at each strength, (K,); `weights` (P,) is how often each person was drawn."""
    counted = np.ones(len(tally.total), np.int64) if weights is None else weights
    total = counted @ tally.total
    there = total > 0
    recall = np.einsum("p,kpl->kl", counted, tally.right)[:, there] / total[there]
    return np.asarray(recall.mean(axis=1), np.float64)


def accuracy_at(tally: Tally) -> Floats:
    """Share of right answers at each strength, (K,)."""
    return np.asarray(tally.right.sum(axis=(1, 2)) / tally.total.sum(), np.float64)


def gain_of(tallies: Mapping[str, Tally], k: int, seed: int = 0) -> dict[str, Any]:
    """The mean over the corpora of the gain in UAR at strength number `k` over number 0, with its
    95 % interval over persons, who are drawn again within each corpus."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(ROUNDS):
        drawn = []
        for one in tallies.values():
            size = len(one.total)
            weights = np.bincount(rng.integers(0, size, size), minlength=size)
            uar = uar_at(one, weights)
            drawn.append(uar[k] - uar[0])
        found.append(np.mean(drawn))
    mean = np.mean([uar_at(one)[k] - uar_at(one)[0] for one in tallies.values()])
    low, high = np.quantile(found, (0.025, 0.975))
    return {"gain": float(mean), "interval": [float(low), float(high)]}


def gain_of_persons(tallies: Mapping[str, Tally], k: int, seed: int = 0) -> dict[str, Any]:
    """The mean gain in accuracy of a person at strength number `k`, whatever the corpus, with its
    95 % interval over persons."""
    rng = np.random.default_rng(seed)
    each = np.array([gain for one in tallies.values() for gain in by_person(one, k)])
    found = each[rng.integers(0, len(each), (ROUNDS, len(each)))].mean(axis=1)
    low, high = np.quantile(found, (0.025, 0.975))
    return {"gain": float(each.mean()), "interval": [float(low), float(high)]}


def by_person(tally: Tally, k: int) -> list[float]:
    """The gain in accuracy of each person, in the order of the persons."""
    right = tally.right.sum(axis=2)
    return [float(one) for one in (right[k] - right[0]) / tally.total.sum(axis=1)]
