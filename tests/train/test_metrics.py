"""Metrics against hand-computed values and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

import torch
from sklearn.metrics import f1_score, recall_score

from train.evaluation.open_figures import _of_labels
from train.metrics import (
    accuracy,
    auroc,
    calibration_error,
    confusion,
    explained_variance,
    interval,
    intervals,
    macro_f1,
    macro_f1_of_labels,
    task_metrics,
    uar,
)

LABELS = np.array([0, 0, 0, 0, 1, 1])
PREDICTIONS = np.array([0, 0, 0, 1, 1, 0])


def test_accuracy_recall_and_f1_by_hand() -> None:
    assert accuracy(LABELS, PREDICTIONS) == pytest.approx(4 / 6)
    assert uar(LABELS, PREDICTIONS) == pytest.approx((3 / 4 + 1 / 2) / 2)
    # F1 of class 0: 2 x 3 / (4 + 4); of class 1: 2 x 1 / (2 + 2).
    assert macro_f1(LABELS, PREDICTIONS) == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert confusion(LABELS, PREDICTIONS, 3) == [[3, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_a_class_that_never_occurs_does_not_count() -> None:
    labels, predictions = np.array([0, 0, 4]), np.array([0, 2, 4])
    assert uar(labels, predictions) == pytest.approx((1 / 2 + 1) / 2)
    assert macro_f1(labels, predictions) == pytest.approx((2 / 3 + 1) / 2)


def test_a_label_that_no_item_has_does_not_count() -> None:
    true = np.array([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0]], bool)
    assert macro_f1_of_labels(true, true) == 1.0
    assert macro_f1_of_labels(true, true[::-1]) == 0.0
    assert macro_f1_of_labels(true, np.ones_like(true)) == pytest.approx(2 / 3)
    outputs = torch.from_numpy(np.where(true, 1.0, -1.0))
    assert task_metrics("labels", outputs, torch.from_numpy(true))["macro_f1"] == 1.0
    assert _of_labels(true.astype(float), true.astype(float))["macro_f1"] == 1.0


def test_recall_and_f1_equal_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 7, 400), rng.integers(0, 7, 400)
    recall = recall_score(labels, predictions, average="macro")
    assert uar(labels, predictions) == pytest.approx(recall)
    f1 = f1_score(labels, predictions, average="macro")
    assert macro_f1(labels, predictions) == pytest.approx(f1)
    true, named = np.eye(7, dtype=bool)[labels], np.eye(7, dtype=bool)[predictions]
    assert macro_f1_of_labels(true, named) == pytest.approx(f1)


def test_auroc_by_hand() -> None:
    # Of the four pairs three are in order and one is a tie.
    scores = np.array([0.9, 0.5, 0.5, 0.1])
    positive = np.array([True, True, False, False])
    assert auroc(scores, positive) == pytest.approx((3 + 0.5) / 4)
    assert auroc(-scores, positive) == pytest.approx(0.5 / 4)
    assert np.isnan(auroc(scores, np.ones(4, bool)))


def test_calibration_error_by_hand() -> None:
    right = np.array([True, False, True, True])
    confidence = np.array([0.55, 0.55, 0.95, 1.0])
    # Half of the items are off by 0.05, half by 0.025.
    assert calibration_error(right, confidence, bins=10) == pytest.approx(0.5 * 0.05 + 0.5 * 0.025)
    assert calibration_error(np.ones(3, bool), np.ones(3)) == 0.0


def test_explained_variance_by_hand() -> None:
    true = np.array([0.0, 1.0, 2.0])
    assert explained_variance(true, true) == pytest.approx(1.0)
    assert explained_variance(np.full(3, 1.0), true) == pytest.approx(0.0)
    both = np.stack([true, true + 10], axis=1)
    assert explained_variance(both.mean(axis=0) + 0 * both, both) == pytest.approx(0.0)


def test_an_interval_resamples_groups_and_not_items() -> None:
    values = np.repeat([0.0, 1.0], 50)
    by_item = interval(lambda rows: float(values[rows].mean()), np.arange(100))
    assert 0.35 < by_item[0] < 0.5 < by_item[1] < 0.65
    by_group = interval(lambda rows: float(values[rows].mean()), np.repeat(["a", "b"], 50))
    assert by_group == (0.0, 1.0)
    assert by_item == interval(lambda rows: float(values[rows].mean()), np.arange(100))


def test_an_interval_skips_rounds_without_a_value() -> None:
    low, high = intervals(lambda rows: (np.nan if 0 in rows else 2.0, 1.0), np.arange(3))
    assert low.tolist() == high.tolist() == [2.0, 1.0]


def test_metrics_of_several_labels_and_of_a_regression() -> None:
    logits = torch.tensor([[4.0, -4.0], [4.0, 4.0]])
    found = task_metrics("labels", logits, torch.tensor([[1.0, 0], [1, 0]]))
    # Three are named, of which two rightly; none is missed.
    assert found["micro_f1"] == pytest.approx(2 * 2 / (3 + 2))
    assert found["jaccard"] == pytest.approx((1 + 1 / 2) / 2)
    found = task_metrics("regression", torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [4.0]]))
    assert found["mae"] == pytest.approx(1.0)
    # cov 3/4, variances 1/4 and 9/4, means 3/2 and 5/2.
    assert found["ccc"] == pytest.approx(2 * 0.75 / (0.25 + 2.25 + 1))
