"""The figures of one person's answers, and of several persons before and after an adaptation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.evaluation.judged import Judged
from train.metrics import accuracy, auroc, calibration_error, uar

FIGURES = ("accuracy", "uar", "ece", "auroc", "answered", "accuracy_answered")
ROUNDS = 2000
"""Of the bootstrap."""
FEWEST_PERSONS = 5
"""Of two or three persons the bootstrap gives little more than the lowest and the highest."""


def figures(judged: Judged) -> dict[str, float | None]:
    """Of labelled verdicts: accuracy and UAR of the likeliest label, ECE of the confidence, and its
    AUROC, right against wrong. A verdict without any stream is wrong, with a confidence of 0;
    "answered" is the share of the others, and "accuracy_answered" theirs alone. None where there is
    nothing to measure: the AUROC of verdicts that are all right, or all wrong."""
    some = ~np.isnan(judged.confidence)
    sure = np.nan_to_num(judged.confidence, nan=0.0)
    separated = auroc(sure, judged.right)
    return {
        "accuracy": accuracy(judged.true, judged.guess),
        "uar": uar(judged.true, judged.guess),
        "ece": calibration_error(judged.right, sure),
        "auroc": None if math.isnan(separated) else separated,
        "answered": float(some.mean()),
        "accuracy_answered": float(judged.right[some].mean()) if some.any() else None,
    }


def over_persons(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Of the rows of one corpus and one number of labels, one row a person and seed.

    Each figure is a mean over persons of the mean over that person's seeds, with a 95 % interval:
    persons are drawn with replacement. "gain" is after minus before, of the same persons, seeds and
    verdicts; "worse" counts the persons whose accuracy fell.
    """
    persons = sorted({row["person"] for row in rows})
    found: dict[str, Any] = {"persons": len(persons), "adaptations": len(rows)}
    for name in FIGURES:
        by_person = np.array([_of_person(rows, person, name) for person in persons])
        columns = {
            "before": by_person[:, 0],
            "after": by_person[:, 1],
            "gain": by_person[:, 1] - by_person[:, 0],
        }
        found[name] = {key: mean_over(values) for key, values in columns.items()}
        if name == "accuracy":
            found["worse"] = int((columns["gain"] < 0).sum())
    steps = sorted({step for row in rows for step in row["kept"]})
    found["kept"] = {step: sum(row["kept"].get(step, False) for row in rows) for step in steps}
    found["nothing_kept"] = sum(not any(row["kept"].values()) for row in rows)
    return found


def mean_over(values: NDArray[np.float64]) -> dict[str, Any]:
    """Mean of one value a person, and its `interval`, None for fewer than `FEWEST_PERSONS`. NaN
    does not count; the mean of no value is None."""
    values = values[~np.isnan(values)]
    if not len(values):
        return {"mean": None, "interval": None}
    mean = round(float(values.mean()), 4)
    if len(values) < FEWEST_PERSONS:
        return {"mean": mean, "interval": None}
    drawn = np.random.default_rng(0).integers(0, len(values), (ROUNDS, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
    return {"mean": mean, "interval": [round(float(low), 4), round(float(high), 4)]}


def _of_person(rows: list[dict[str, Any]], person: str, name: str) -> tuple[float, float]:
    """Before and after, over the seeds where both exist."""
    pairs = [
        (row["before"][name], row["after"][name])
        for row in rows
        if row["person"] == person
        and row["before"][name] is not None
        and row["after"][name] is not None
    ]
    if not pairs:
        return math.nan, math.nan
    before, after = np.mean(pairs, axis=0)
    return float(before), float(after)
