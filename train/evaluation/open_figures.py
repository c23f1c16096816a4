"""Figures of answers with several labels, or a number, against the truth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from edge.types import STREAMS
from train.evaluation.judged import UNKNOWN, Judged
from train.metrics import auroc, ccc, intervals, macro_f1_of_labels

ROUNDS = 500
"""Of the bootstrap over persons."""
Values = NDArray[np.float64]
Figures = dict[str, float]


def open_scores(judged: Judged) -> dict[str, Any] | None:
    """Figures against the truth; None where no verdict has one.

    A verdict that abstains counts with what it would have answered, except in
    "right_when_answered"; one without any stream has no label, or the mean of the training.
    """
    told = judged.at(judged.true != UNKNOWN)
    if not len(told):
        return None
    assert told.other is not None
    truth, given, sure = told.other.truth, told.other.given, told.confidence
    figures = _of_number if told.task == "regression" else _of_labels
    value = figures(truth, given)
    low, high = intervals(
        lambda k: tuple(figures(truth[k], given[k]).values()), told.person, rounds=ROUNDS
    )
    with_one = ~np.isnan(sure)
    single = {}
    for column, name in enumerate(STREAMS):
        here = told.usable[:, column]
        if here.any():
            single[name] = {
                "n": int(here.sum()),
                "alone": _rounded(figures(truth[here], told.other.alone[here, column])),
                "fused_there": _rounded(figures(truth[here], given[here])),
            }
    out: dict[str, Any] = {
        "n": len(told),
        "samples": len(np.unique(told.sample)),
        "persons": len(np.unique(told.person)),
        "figures": {
            name: {"value": _r(one), "interval": [_r(low[k]), _r(high[k])]}
            for k, (name, one) in enumerate(value.items())
        },
        "right": _r(float(told.right.mean())),
        "right_when_answered": _mean(told.right[told.answered]),
        "auroc_right_or_wrong": _r(auroc(sure[with_one], told.right[with_one])),
        "single": single,
    }
    if told.task == "multilabel":
        each = f1_score(truth, given, average=None, zero_division=0)
        out["labels"] = {
            name: {"share": _r(float(truth[:, k].mean())), "f1": _r(float(each[k]))}
            for k, name in enumerate(told.labels)
        }
    return out


def _of_labels(truth: Values, given: Values) -> Figures:
    return {
        "micro_f1": float(f1_score(truth, given, average="micro", zero_division=0)),
        "macro_f1": macro_f1_of_labels(truth > 0.5, given > 0.5),
    }


def _of_number(truth: Values, given: Values) -> Figures:
    return {"ccc": agreement(truth, given), "mae": float(np.abs(truth - given).mean())}


def agreement(truth: Values, given: Values) -> float:
    """The CCC of numbers (n, 1)."""
    return float(ccc(torch.from_numpy(given), torch.from_numpy(truth)).mean())


def _rounded(found: Figures) -> dict[str, float | None]:
    return {name: _r(one) for name, one in found.items()}


def _mean(values: NDArray[Any]) -> float | None:
    return _r(float(np.mean(values))) if len(values) else None


def _r(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 4)
