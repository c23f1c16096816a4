"""All metrics: classification, confidence, regression, and their bootstrap intervals."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import metrics as sklearn
from torch import Tensor

from train.task import Task

Ints = NDArray[np.int64]
Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

TINY = 1e-8


def accuracy(labels: Ints, predictions: Ints) -> float:
    """Share of correct predictions."""
    return float(np.mean(labels == predictions))


def uar(labels: Ints, predictions: Ints) -> float:
    """Unweighted average recall (balanced accuracy): the mean over the classes in `labels`."""
    hits, true, _ = _counts(labels, predictions)
    return float(np.mean(hits / true))


def macro_f1(labels: Ints, predictions: Ints) -> float:
    """Mean F1 of the classes in `labels`; a class that is only predicted does not count."""
    hits, true, predicted = _counts(labels, predictions)
    return float(np.mean(2 * hits / (true + predicted)))


def macro_f1_of_labels(true: Bools, named: Bools) -> float:
    """Mean F1 of the labels that an item has; 0 without any. A label that is only named does not
    count, as in `macro_f1`. Both are (n, C)."""
    there = true.any(axis=0)
    if not there.any():
        return 0.0
    hits = (true & named).sum(axis=0)[there]
    return float(np.mean(2 * hits / (true.sum(axis=0) + named.sum(axis=0))[there]))


def micro_f1_of_labels(true: Bools, named: Bools) -> float:
    """F1 of all labels of all items together; 0 without any. Both are (n, C).

    scikit-learn's takes some hundred times as long, and resampling computes hundreds.
    """
    total = int(true.sum()) + int(named.sum())
    return 2 * int((true & named).sum()) / total if total else 0.0


def _counts(labels: Ints, predictions: Ints) -> tuple[Ints, Ints, Ints]:
    """Hits, items and predictions of each class in `labels`.

    scikit-learn's metrics take 10 to 20 times as long, and resampling computes thousands.
    """
    classes = int(max(labels.max(), predictions.max())) + 1
    true = np.bincount(labels, minlength=classes)
    predicted = np.bincount(predictions, minlength=classes)
    hits = np.bincount(labels[labels == predictions], minlength=classes)
    there = true > 0
    return hits[there], true[there], predicted[there]


def confusion(labels: Ints, predictions: Ints, classes: int) -> list[list[int]]:
    """Confusion matrix of counts; a row for each true class."""
    table = sklearn.confusion_matrix(labels, predictions, labels=np.arange(classes))
    return [[int(count) for count in row] for row in table]


def calibration_error(right: Bools | Floats, confidence: Floats, bins: int = 15) -> float:
    """ECE: mean difference between confidence and accuracy, in bins of equal width
    (Guo et al. 2017)."""
    which = np.minimum((np.asarray(confidence) * bins).astype(int), bins - 1)
    error = 0.0
    for b in np.unique(which):
        inside = which == b
        error += inside.mean() * abs(float(right[inside].mean() - confidence[inside].mean()))
    return float(error)


def calibration_bins(
    right: Bools | Floats, confidence: Floats, bins: int = 15
) -> list[dict[str, Any]]:
    """Of each bin of `calibration_error` that has any: mean confidence, mean accuracy and count."""
    which = np.minimum((np.asarray(confidence) * bins).astype(int), bins - 1)
    return [
        {
            "confidence": round(float(confidence[which == b].mean()), 4),
            "accuracy": round(float(right[which == b].mean()), 4),
            "n": int(n),
        }
        for b, n in zip(*np.unique(which, return_counts=True), strict=True)
    ]


def auroc(scores: Floats, positive: Bools) -> float:
    """Probability that a positive's score is higher than a negative's; ties count half. NaN
    without positives or without negatives."""
    if positive.all() or not positive.any():
        return float("nan")
    return float(sklearn.roc_auc_score(positive, scores))


def explained_variance(predicted: Floats, true: Floats) -> float:
    """1 - mean squared error / variance about each column's mean; shapes (n,) or (n, K)."""
    variance = float(np.mean((true - true.mean(axis=0)) ** 2))
    return 1 - float(np.mean((predicted - true) ** 2)) / max(variance, 1e-12)


def ccc(predicted: Tensor, true: Tensor) -> Tensor:
    """Concordance correlation (Lin 1989): 2 cov / (s1^2 + s2^2 + (m1 - m2)^2) over the first axis.

    A constant prediction has a CCC of 0, also if the ground truth is constant.

    Args:
        predicted: (N, K).
        true: (N, K).

    Returns:
        (K,), differentiable.
    """
    if predicted.shape != true.shape:
        raise ValueError(f"prediction {tuple(predicted.shape)} against target {tuple(true.shape)}")
    a, b = predicted - predicted.mean(dim=0), true - true.mean(dim=0)
    covariance = (a * b).mean(dim=0)
    apart = (predicted.mean(dim=0) - true.mean(dim=0)) ** 2
    variances = a.square().mean(dim=0) + b.square().mean(dim=0)
    return 2 * covariance / (variances + apart).clamp_min(TINY)


def task_metrics(task: Task, outputs: Tensor, targets: Tensor) -> dict[str, float]:
    """All metrics of a task, by name.

    Args:
        outputs: (N, C), logits of classes or labels, or values of a regression.
        targets: int64 (N,) for classes, else float32 (N, C).
    """
    if task == "classes":
        predictions, true = outputs.argmax(dim=1).numpy(), targets.numpy()
        return {
            "macro_f1": macro_f1(true, predictions),
            "balanced_accuracy": uar(true, predictions),
            "accuracy": accuracy(true, predictions),
            "nll": float(torch.nn.functional.cross_entropy(outputs, targets)),
        }
    if task == "labels":
        named, labels = (torch.sigmoid(outputs) > 0.5).numpy(), targets.numpy() > 0.5
        jaccard = sklearn.jaccard_score(labels, named, average="samples", zero_division=1.0)
        return {
            "jaccard": float(jaccard),
            "micro_f1": micro_f1_of_labels(labels, named),
            "macro_f1": macro_f1_of_labels(labels, named),
        }
    error = float((outputs - targets).abs().mean())
    return {"ccc": float(ccc(outputs, targets).mean()), "mae": error}


def interval(
    metric: Callable[[Ints], float],
    groups: NDArray[np.generic],
    seed: int = 0,
    rounds: int = 1000,
) -> tuple[float, float]:
    """95 % bootstrap interval.

    Args:
        metric: function of item indices (k,).
        groups: shape (n,); items of one group (a speaker) are drawn together, because their errors
            are correlated.
    """
    low, high = intervals(lambda rows: (metric(rows),), groups, seed, rounds)
    return float(low[0]), float(high[0])


def intervals(
    metrics: Callable[[Ints], tuple[float, ...]],
    groups: NDArray[np.generic],
    seed: int = 0,
    rounds: int = 1000,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`interval` for K metrics at once: lower and upper bounds, (K,) each; NaN is ignored."""
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    values = []
    for _ in range(rounds):
        drawn = rng.integers(0, len(members), len(members))
        values.append(metrics(np.concatenate([members[k] for k in drawn])))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All-NaN slice")  # a metric that is undefined
        low, high = np.nanquantile(np.array(values, np.float64), (0.025, 0.975), axis=0)
    return low, high
