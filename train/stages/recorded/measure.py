"""Figures of answers on windows of recordings: of one label, of several, of a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score, jaccard_score

from edge.bundle.manifest import NumberSpec
from edge.types import MASKS, STREAMS, Float
from train.metrics import (
    accuracy,
    auroc,
    calibration_error,
    ccc,
    confusion,
    interval,
    macro_f1,
    macro_f1_of_labels,
    micro_f1_of_labels,
    uar,
)
from train.run_report import OnRecordings, RecordedLabelsTest, RecordedWindowsTest
from train.stages.composed_windows import ComposedWindows
from train.stages.targets import Targets

ROUNDS = 500
"""Of the bootstrap over persons."""

Rows = NDArray[np.int64]
Bools = NDArray[np.bool_]


def headline(one: OnRecordings) -> str:
    """The main figures in a line."""
    if isinstance(one, RecordedWindowsTest):
        return f"accuracy {one.accuracy:.3f}  UAR {one.uar:.3f}"
    if isinstance(one, RecordedLabelsTest):
        return f"micro-F1 {one.micro_f1:.3f}  macro-F1 {one.macro_f1:.3f}"
    return f"CCC {one.ccc:.3f}  mean absolute error {one.mae:.4g}"


@dataclass(frozen=True)
class Measure:
    """Measures answers with all streams that are present, and with each mask where it is present.

    Attributes:
        number: For a regression.
        thresholds: By label, for any number of labels.
    """

    targets: Targets
    number: NumberSpec | None = None
    thresholds: list[float] | None = None

    def __call__(
        self,
        windows: ComposedWindows,
        persons: NDArray[np.str_],
        answers: Float,
        confidence: Float,
        target: Float,
    ) -> dict[str, Any]:
        """Fields of `train.run_report.OnRecordings` for the task.

        Args:
            persons: (n,), resampled for the intervals.
            answers: (n, 7, C), as of `Targets.answers`.
            confidence: (n, 7).
            target: (n, 7), what the confidence estimates.
        """
        whole = np.arange(len(windows)), windows.whole
        sure, label = confidence[whole], windows.label
        right = self.targets.right(answers[whole], label)
        facts: dict[str, Any] = {"n": len(windows), "persons": len(np.unique(persons))}
        if self.targets.task == "classes":
            return facts | _classes(windows, persons, answers, sure, right, self.targets.labels)
        facts["confidence_error"] = float(np.abs(sure - target[whole]).mean())
        if self.targets.task == "labels":
            true = self.targets.of(label).numpy() > 0.5
            given = answers > np.array(self.thresholds, np.float32)
            right = (given[whole] == true).all(axis=1)
            facts |= _labels(true, given[whole], persons, self.targets.labels)
            facts["all_right"] = float(right.mean())
            by_mask = _by_mask(windows, lambda k, row: micro_f1_of_labels(true[k], given[k, row]))
        else:
            assert self.number is not None
            true_number = _numbers(self.number, self.targets.of(label).numpy())
            found = _numbers(self.number, answers[..., 0])
            facts |= _number(true_number[:, 0], found[whole], persons, self.number.mean)
            facts["within_a_deviation"] = float(right.mean())
            by_mask = _by_mask(
                windows, lambda k, row: float(np.abs(true_number[k, 0] - found[k, row]).mean())
            )
        facts["confidence_auroc_wrong_or_right"] = auroc(sure, right)
        return facts | {"by_mask": by_mask}


def _classes(
    windows: ComposedWindows,
    persons: NDArray[np.str_],
    answers: Float,
    confidence: Float,
    right: Bools,
    labels: tuple[str, ...],
) -> dict[str, Any]:
    whole = answers[np.arange(len(windows)), windows.whole]
    chosen, sure, label = whole.argmax(axis=1), whole.max(axis=1), windows.label
    by_mask = _by_mask(
        windows, lambda k, row: float((answers[k, row].argmax(axis=1) == label[k]).mean())
    )
    return {
        "accuracy": accuracy(label, chosen),
        "accuracy_interval": _bounds(lambda k: accuracy(label[k], chosen[k]), persons),
        "uar": uar(label, chosen),
        "uar_interval": _bounds(lambda k: uar(label[k], chosen[k]), persons),
        "macro_f1": macro_f1(label, chosen),
        "by_mask": {
            mask: {"n": one["n"], "accuracy": one["figure"]} for mask, one in by_mask.items()
        },
        "ece": calibration_error(right, sure),
        "confidence_ece": calibration_error(right, confidence),
        "confidence_auroc_wrong_or_right": auroc(confidence, right),
        "max_probability_auroc_wrong_or_right": auroc(sure, right),
        "confusion": confusion(label, chosen, len(labels)),
    }


def _labels(
    true: Bools, given: Bools, persons: NDArray[np.str_], labels: tuple[str, ...]
) -> dict[str, Any]:
    each = f1_score(true, given, average=None, zero_division=0)
    return {
        "micro_f1": micro_f1_of_labels(true, given),
        "micro_f1_interval": _bounds(lambda k: micro_f1_of_labels(true[k], given[k]), persons),
        "macro_f1": macro_f1_of_labels(true, given),
        "macro_f1_interval": _bounds(lambda k: macro_f1_of_labels(true[k], given[k]), persons),
        "jaccard": float(jaccard_score(true, given, average="samples", zero_division=1.0)),
        "f1": {name: round(float(one), 4) for name, one in zip(labels, each, strict=True)},
        "share": {
            name: round(float(one), 4) for name, one in zip(labels, true.mean(axis=0), strict=True)
        },
    }


def _number(true: Float, found: Float, persons: NDArray[np.str_], mean: float) -> dict[str, Any]:
    def error(k: Rows) -> float:
        return float(np.abs(true[k] - found[k]).mean())

    def agreement(k: Rows) -> float:
        pair = (torch.from_numpy(np.asarray(one[k], np.float64)[:, None]) for one in (found, true))
        return float(ccc(*pair)[0])

    every = np.arange(len(true))
    return {
        "ccc": agreement(every),
        "ccc_interval": _bounds(agreement, persons),
        "mae": error(every),
        "mae_interval": _bounds(error, persons),
        "mae_of_the_mean": float(np.abs(true - mean).mean()),
    }


def _numbers(spec: NumberSpec, standard_scores: Float) -> Float:
    """As `NumberSpec.value`, of any shape."""
    values = spec.mean + spec.deviation * standard_scores.astype(np.float64)
    return np.asarray(np.clip(values, spec.low, spec.high), np.float32)


def _by_mask(
    windows: ComposedWindows, figure: Callable[[Rows, int], float]
) -> dict[str, dict[str, Any]]:
    found = {}
    for row, mask in enumerate(MASKS):
        places = [STREAMS.index(stream) for stream in mask]
        here = np.flatnonzero(windows.present[:, places].all(axis=1))
        if len(here):
            found["+".join(mask)] = {"n": len(here), "figure": round(figure(here, row), 4)}
    return found


def _bounds(metric: Callable[[Rows], float], persons: NDArray[np.str_]) -> list[float]:
    return [round(value, 4) for value in interval(metric, persons, rounds=ROUNDS)]
