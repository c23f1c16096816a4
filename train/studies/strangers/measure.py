"""The figures of the study: right and wrong answers, and what the claimed confidence is worth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.types import Float
from train.corpora.labels import LABELS
from train.metrics import accuracy, auroc, calibration_error, intervals, uar

COVERAGE = 0.6
ROUNDS = 500
"""Of the bootstrap."""


def classified(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], persons: NDArray[np.str_]
) -> dict[str, Any]:
    """n, persons, and accuracy and UAR with their 95 % intervals by person.

    UAR is the mean over the labels that occur; a label that the corpus lacks is a wrong answer and
    no class of its own.
    """
    low, high = intervals(
        lambda r: (accuracy(labels[r], predicted[r]), uar(labels[r], predicted[r])),
        persons,
        rounds=ROUNDS,
    )
    return {
        "n": len(labels),
        "persons": len(np.unique(persons)),
        "classes": len(np.unique(labels)),
        "accuracy": accuracy(labels, predicted),
        "accuracy_interval": [float(low[0]), float(high[0])],
        "uar": uar(labels, predicted),
        "uar_interval": [float(low[1]), float(high[1])],
    }


def answered(labels: NDArray[np.int64], scores: Float, persons: NDArray[np.str_]) -> dict[str, Any]:
    """`classified` for scores (n, 7) of the labels, and the UAR if only the labels that occur could
    be answered: how well they are told apart, whatever the corpus lacks."""
    there = np.isin(np.arange(len(LABELS)), labels)
    among = np.where(there, scores, -np.inf).argmax(axis=1)
    found = classified(labels, scores.argmax(axis=1), persons)
    return found | {"uar_among_its_labels": uar(labels, among)}


def figures(
    labels: NDArray[np.int64],
    probabilities: Float,
    confidence: Float,
    persons: NDArray[np.str_],
    abstain_below: float = 0.0,
) -> dict[str, Any]:
    """All figures of one corpus; answers that the gate would withhold count, too.

    Args:
        labels: (n,), indices into `LABELS`.
        probabilities: (n, 7).
        confidence: (n,), the product's own claim that the label is right.
        persons: (n,), resampled together.
        abstain_below: The gate's threshold of the confidence.
    """
    unsure = confidence < abstain_below
    predicted = probabilities.argmax(axis=1)
    right = predicted == labels
    counts = np.bincount(labels, minlength=len(LABELS))
    shares = np.bincount(predicted, minlength=len(LABELS)) / len(labels)
    return {
        **answered(labels, probabilities, persons),
        "majority": float(counts.max() / counts.sum()),
        "ece": calibration_error(right, confidence),
        "confidence": float(confidence.mean()),
        "auroc": auroc(confidence, right),
        "auroc_of_probability": auroc(probabilities.max(axis=1), right),
        "unsure": float(unsure.mean()),
        "risk_of_unsure": float(1 - right[unsure].mean()) if unsure.any() else None,
        "risk": float(1 - right.mean()),
        "risk_at_60": risk_at(right, confidence, COVERAGE),
        "predicted": {name: float(share) for name, share in zip(LABELS, shares, strict=True)},
        "true": {name: int(count) for name, count in zip(LABELS, counts, strict=True)},
        "recall": {
            name: float(right[labels == k].mean())
            for k, name in enumerate(LABELS)
            if (labels == k).any()
        },
    }


def risk_at(right: NDArray[np.bool_], confidence: Float, coverage: float) -> float:
    """Share of wrong answers among the share `coverage` with the highest confidence."""
    most = max(1, round(coverage * len(right)))
    return float(1 - right[np.argsort(-confidence, kind="stable")[:most]].mean())
