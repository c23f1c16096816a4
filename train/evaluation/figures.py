"""The figures of judged verdicts. Those that do not exist (no labels, one class) are None."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.types import STREAMS
from train.evaluation.judged import UNKNOWN, Judged
from train.metrics import (
    accuracy,
    auroc,
    calibration_bins,
    calibration_error,
    confusion,
    intervals,
    macro_f1,
    uar,
)

COVERAGES = tuple(round(0.05 * k, 2) for k in range(1, 21))
BINS = 10
ROUNDS = 500
"""Of the bootstrap over persons."""


def scores(judged: Judged) -> dict[str, Any] | None:
    """Figures against the labels; None where no verdict has one.

    A verdict that abstains counts with its likeliest label, except in "accuracy_answered"; one
    that had no stream to use counts as wrong.
    """
    told = judged.at(judged.true != UNKNOWN)
    if not len(told):
        return None
    right, sure = told.right, told.confidence
    low, high = intervals(
        lambda k: (
            accuracy(told.true[k], told.guess[k]),
            uar(told.true[k], told.guess[k]),
            macro_f1(told.true[k], told.guess[k]),
        ),
        told.person,
        rounds=ROUNDS,
    )
    with_one = ~np.isnan(sure)
    risks = _risks(right, sure)
    return {
        "n": len(told),
        "samples": len(np.unique(told.sample)),
        "persons": len(np.unique(told.person)),
        **{
            name: {"value": _r(value), "interval": [_r(low[k]), _r(high[k])]}
            for k, (name, value) in enumerate(
                {
                    "accuracy": accuracy(told.true, told.guess),
                    "uar": uar(told.true, told.guess),
                    "macro_f1": macro_f1(told.true, told.guess),
                }.items()
            )
        },
        "accuracy_answered": _mean(right[told.answered]),
        "accuracy_by_sample": _by_sample(told),
        "risk_at_60": risks[COVERAGES.index(0.6)],
        "risk_at_100": risks[-1],
        "risk_coverage": [list(pair) for pair in zip(COVERAGES, risks, strict=True)],
        "ece": _r(calibration_error(right[with_one], sure[with_one])) if with_one.any() else None,
        "auroc_right_or_wrong": _r(auroc(sure[with_one], right[with_one])),
        "calibration": calibration_bins(right[with_one], sure[with_one], BINS),
        "confusion": confusion(told.true, told.guess, len(told.labels) + 1)[:-1],
        "single": {name: _alone(told, column) for column, name in enumerate(STREAMS)},
    }


def behaviour(judged: Judged) -> dict[str, Any]:
    """What needs no label: abstentions, and each stream's use, reliability and drops."""
    streams: dict[str, Any] = {}
    for column, name in enumerate(STREAMS):
        own = judged.reliability[:, column]
        own = own[~np.isnan(own)]
        reasons = Counter(str(one) for one in judged.reasons[:, column] if one)
        streams[name] = {
            "used": _mean(judged.used[:, column]),
            "usable": _mean(judged.usable[:, column]),
            "reliability_mean": _mean(own),
            "reliability_quartiles": [_r(q) for q in np.quantile(own, (0.25, 0.5, 0.75))]
            if len(own)
            else None,
            "not_used": {why: _r(n / len(judged)) for why, n in reasons.most_common()},
        }
    shown = Counter(int(k) for k in judged.guess[judged.answered])
    answers = {label: _r(shown[k] / max(1, shown.total())) for k, label in enumerate(judged.labels)}
    if judged.other is not None:
        # The share of verdicts with each label; the mean number.
        given = judged.other.given[judged.answered]
        answers = {label: _mean(given[:, k]) for k, label in enumerate(judged.labels)}
    return {
        "n": len(judged),
        "answered": _mean(judged.answered),
        "abstained": _mean(~judged.answered & ~np.isnan(judged.confidence)),
        "without_any_stream": _mean(np.isnan(judged.confidence)),
        "confidence_mean": _mean(judged.confidence[~np.isnan(judged.confidence)]),
        "answers": answers,
        "streams": streams,
    }


def short(judged: Judged) -> dict[str, Any]:
    """A row of a table: how many, how right, how often answered, each stream's use."""
    told = judged.true != UNKNOWN
    return {
        "n": len(judged),
        "accuracy": _mean(judged.right[told]),
        "accuracy_answered": _mean(judged.right[told & judged.answered]),
        "answered": _mean(judged.answered),
        "used": {name: _mean(judged.used[:, column]) for column, name in enumerate(STREAMS)},
        "reliability": {
            name: _mean(own[~np.isnan(own)])
            for column, name in enumerate(STREAMS)
            for own in [judged.reliability[:, column]]
        },
    }


def _alone(told: Judged, column: int) -> dict[str, Any]:
    """One stream alone: where it could be used, and the fused answer in the same verdicts."""
    here = told.usable[:, column]
    return {
        "n": int(here.sum()),
        "accuracy": _mean(told.alone[here, column] == told.true[here]),
        "uar": _r(uar(told.true[here], told.alone[here, column])) if here.any() else None,
        "fused_accuracy_there": _mean(told.right[here]),
        "fused_uar_there": _r(uar(told.true[here], told.guess[here])) if here.any() else None,
    }


def _risks(right: NDArray[np.bool_], sure: NDArray[np.float64]) -> list[float]:
    """Share of errors among the surest verdicts, for each of `COVERAGES` of them all."""
    order = np.argsort(-np.nan_to_num(sure, nan=-1.0), kind="stable")
    errors = np.cumsum(~right[order])
    counts = [max(1, math.ceil(share * len(right))) for share in COVERAGES]
    return [round(float(errors[count - 1] / count), 4) for count in counts]


def _by_sample(told: Judged) -> float | None:
    """Accuracy of each sample's mean scores."""
    hits = []
    for name in np.unique(told.sample):
        here = told.sample == name
        mean = told.scores[here].mean(axis=0)
        hits.append(bool(mean.any()) and int(mean.argmax()) == int(told.true[here][0]))
    return _mean(np.array(hits))


def _mean(values: NDArray[Any]) -> float | None:
    return _r(float(np.mean(values))) if len(values) else None


def _r(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 4)
