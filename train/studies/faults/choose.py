"""Choice of the policies' parameters on validation: weights, margins, the oracle's masks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import GateSpec
from edge.types import MASKS, STREAMS, Float
from train.studies.faults.live_gate import gate_policy
from train.studies.faults.policies import (
    Policy,
    Predictions,
    Seen,
    best_score,
    everything,
    mixture,
    oracle_policy,
    static,
)
from train.studies.faults.study import Cell, join

MARGINS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)
CLEAN_COST = 0.005
"""Clean accuracy that a margin may cost, if another margin costs less."""


def accuracy(predictions: Predictions, seen: Seen, when: NDArray[np.bool_]) -> float:
    """Share of correct predictions over all runs in the steps `when` (S,)."""
    return float(np.mean(predictions[:, when] == seen.label[:, None]))


def max_probability(seen: Seen) -> Float:
    """Largest class probability under each mask, (R, S, 7)."""
    return np.asarray(seen.probabilities.max(axis=3))


def policies(
    spec: GateSpec, seen: dict[Cell, Seen], during: NDArray[np.bool_]
) -> tuple[dict[str, Policy], dict[str, object]]:
    """Every policy except the oracle, and its chosen parameters, from validation cells.

    Args:
        during: bool (S,), the steps of the fault; so below.
    """
    clean = seen[Cell(())]
    corrupted = join([one for cell, one in seen.items() if cell.faults and not cell.lies])
    chosen: dict[str, object] = {}
    made: dict[str, Policy] = {"all": everything}
    weights = _weights(corrupted, clean, during)
    chosen["static"] = dict(zip(STREAMS, np.round(weights, 3).tolist(), strict=True))
    made["static"] = static(weights)
    scores: dict[str, Callable[[Seen], Float]] = {"max_probability": max_probability}
    for name in corrupted.scores:
        scores[name] = lambda one, name=name: one.scores[name]  # type: ignore[misc]
    for name, score in scores.items():
        margin = _margin(score, spec.smoothing, corrupted, clean, during)
        chosen[name] = {"margin": margin}
        made[name] = best_score(score, spec.smoothing, margin)
    if "mask_gate" in scores:
        made["mask_gate_soft"] = mixture(scores["mask_gate"], spec.smoothing)
    made["live"] = gate_policy(spec)
    return made, chosen


def oracle(cell: Cell, seen: Seen, during: NDArray[np.bool_]) -> tuple[Policy, str]:
    """The oracle of a cell, which knows its faults: of the masks with all or some of the corrupted
    streams removed, the one with the best validation accuracy, and its name."""
    corrupted = {stream for stream, _, _ in cell.faults}
    rows = [row for row, mask in enumerate(MASKS) if set(STREAMS) - set(mask) <= corrupted]
    best = max(rows, key=lambda row: accuracy(oracle_policy(row, during)(seen), seen, during))
    return oracle_policy(best, during), "+".join(MASKS[best])


def _weights(corrupted: Seen, clean: Seen, during: NDArray[np.bool_]) -> Float:
    grid = [np.array(w, np.float32) for w in product((0.25, 0.5, 1.0, 2.0), repeat=3)]

    def score(weights: Float) -> float:
        policy = static(weights)
        return accuracy(policy(corrupted), corrupted, during) + accuracy(
            policy(clean), clean, during
        )

    return max(grid, key=score)


def _margin(
    score: Callable[[Seen], Float],
    smoothing: float,
    corrupted: Seen,
    clean: Seen,
    during: NDArray[np.bool_],
) -> float:
    everywhere = np.ones_like(during)
    whole = accuracy(everything(clean), clean, everywhere)
    best: tuple[tuple[bool, float], float] | None = None
    for margin in MARGINS:
        policy = best_score(score, smoothing, margin)
        cheap = whole - accuracy(policy(clean), clean, everywhere) <= CLEAN_COST
        reliability = (cheap, accuracy(policy(corrupted), corrupted, during))
        if best is None or reliability > best[0]:
            best = (reliability, margin)
    assert best is not None
    return best[1]
