"""The figures of a stage's answers on an aligned corpus, as the field's tables give them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from torch import Tensor

from train.metrics import (
    accuracy,
    ccc,
    intervals,
    macro_f1,
    macro_f1_of_labels,
    micro_f1_of_labels,
    task_metrics,
    uar,
)
from train.run_report import Figures, SplitFigures
from train.task import Task

NAN = math.nan
ROUNDS = 500
"""Of the bootstrap over groups."""
SENTIMENT = ("sentiment",)
"""Labels of CMU-MOSI and CMU-MOSEI as a number, which have a table of their own."""


def figures_of(
    task: Task, labels: tuple[str, ...], outputs: Tensor, targets: Tensor
) -> dict[str, float]:
    """All metrics of the task, the main one first; of sentiment also those of the field's table.

    Args:
        outputs: (N, C), logits, or values of a regression.
        targets: int64 (N,) for classes, else float32 (N, C).
    """
    found = resampled_of(task, labels, outputs, targets) | task_metrics(task, outputs, targets)
    if task == "regression" and labels == SENTIMENT:
        for name, given, true in _two_classes(outputs, targets):
            f1 = f1_score(true, given, average="weighted", zero_division=0) if len(true) else NAN
            found[f"f1_{name}"] = float(f1)
    return found


def resampled_of(
    task: Task, labels: tuple[str, ...], outputs: Tensor, targets: Tensor
) -> dict[str, float]:
    """Those of `figures_of` that get an interval: scikit-learn's would take it a minute.

    Of sentiment, Acc-2 is given both ways: negative against the rest, zero included (`has0`); and
    negative against positive, without samples whose truth is zero (`non0`). Their numbers must not
    be mixed.
    """
    if task == "classes":
        given, true = outputs.argmax(dim=1).numpy(), targets.numpy()
        return {
            "macro_f1": macro_f1(true, given),
            "balanced_accuracy": uar(true, given),
            "accuracy": accuracy(true, given),
        }
    if task == "labels":
        named, there = outputs.numpy() > 0, targets.numpy() > 0.5
        return {
            "micro_f1": micro_f1_of_labels(there, named),
            "macro_f1": macro_f1_of_labels(there, named),
        }
    found = task_metrics(task, outputs, targets)
    if labels != SENTIMENT:
        return found
    both = torch.cat([outputs, targets], dim=1).T
    seven = (torch.round(outputs.clamp(-3, 3)) == torch.round(targets)).float()
    return {
        **found,
        "correlation": float(torch.corrcoef(both)[0, 1]),
        "acc_7": float(seven.mean()),
        **{
            f"acc_2_{name}": accuracy(true, given) if len(true) else NAN
            for name, given, true in _two_classes(outputs, targets)
        },
    }


def _two_classes(
    outputs: Tensor, targets: Tensor
) -> list[tuple[str, NDArray[np.int64], NDArray[np.int64]]]:
    """Answers and truth as two classes, with zero and without."""
    given, true = outputs[:, 0].numpy(), targets[:, 0].numpy()
    some = true != 0
    return [
        ("has0", (given >= 0).astype(np.int64), (true >= 0).astype(np.int64)),
        ("non0", (given[some] > 0).astype(np.int64), (true[some] > 0).astype(np.int64)),
    ]


def by_label(
    task: Task, labels: tuple[str, ...], outputs: Tensor, targets: Tensor
) -> dict[str, Figures]:
    """Each of several labels or numbers by itself; empty for classes, and for one number."""
    if task == "classes" or len(labels) < 2:
        return {}
    if task == "labels":
        true, given = targets.numpy() > 0.5, outputs.numpy() > 0
        each = f1_score(true, given, average=None, zero_division=0)
        return {
            name: {"share": float(true[:, k].mean()), "f1": float(each[k])}
            for k, name in enumerate(labels)
        }
    agreement, error = ccc(outputs, targets), (outputs - targets).abs().mean(dim=0)
    return {
        name: {"ccc": float(agreement[k]), "mae": float(error[k])} for k, name in enumerate(labels)
    }


def split_figures(
    task: Task,
    labels: tuple[str, ...],
    outputs: Tensor,
    targets: Tensor,
    groups: NDArray[np.str_],
    rounds: int = 0,
) -> SplitFigures:
    """The figures of one split; `rounds` of the bootstrap over groups, 0 for no interval."""
    value = figures_of(task, labels, outputs, targets)
    count = len(np.unique(groups))
    pairs: dict[str, tuple[float, float]] = {}
    if rounds and count > 1:
        low, high = intervals(
            lambda k: tuple(resampled_of(task, labels, outputs[k], targets[k]).values()),
            groups,
            rounds=rounds,
        )
        pairs = known_pairs(list(resampled_of(task, labels, outputs, targets)), low, high)
    return SplitFigures(
        n=len(targets),
        groups=count,
        figures={name: rounded(one) for name, one in value.items()},
        intervals=pairs,
    )


def known_pairs(
    names: Sequence[str], low: NDArray[np.float64], high: NDArray[np.float64]
) -> dict[str, tuple[float, float]]:
    """Bounds by name, rounded; those that are NaN are left out."""
    return {
        name: (round(float(a), 4), round(float(b), 4))
        for name, a, b in zip(names, low, high, strict=True)
        if not math.isnan(a + b)
    }


def rounded(value: float) -> float | None:
    """Four digits; None for NaN, which JSON has not."""
    return None if math.isnan(value) else round(float(value), 4)
