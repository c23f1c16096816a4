"""The figures of `cdat-train strangers`, on encoders whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from train.corpora.labels import LABELS
from train.studies.strangers.measure import figures, risk_at
from train.studies.strangers.page import headline, page
from train.studies.strangers.probe import probe


def _answers(right: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Probabilities that name the label where `right`, else the next one."""
    named = np.where(right, labels, (labels + 1) % len(LABELS))
    return np.where(np.arange(len(LABELS)) == named[:, None], 0.7, 0.05).astype(np.float32)


def test_figures_of_a_known_encoder() -> None:
    # Of 70 answers 49 are right: every happy one, and half of the sad ones.
    labels = np.repeat([1, 2], [28, 42])
    right = np.concatenate([np.ones(28, bool), np.arange(42) % 2 == 0])
    persons = np.array([f"p{k // 10}" for k in range(70)])
    confidence = np.where(right, 0.9, 0.2).astype(np.float32)
    found = figures(labels, _answers(right, labels), confidence, persons)
    assert found["n"] == 70 and found["persons"] == 7 and found["classes"] == 2
    assert found["accuracy"] == pytest.approx(0.7) and found["uar"] == pytest.approx(0.75)
    # The wrong answer, angry, does not occur: without it the next best of equals is the first.
    assert found["uar_among_its_labels"] == pytest.approx(0.5 + 0.25)
    assert found["majority"] == pytest.approx(0.6)
    low, high = found["accuracy_interval"]
    assert low <= 0.7 <= high and high - low > 0.01
    assert found["auroc"] == 1.0 and found["risk"] == pytest.approx(0.3)
    assert found["risk_at_60"] == 0.0
    assert found["ece"] == pytest.approx(0.7 * 0.1 + 0.3 * 0.2, abs=1e-6)
    assert found["predicted"]["angry"] == pytest.approx(0.3)
    assert found["recall"] == {"happy": 1.0, "sad": 0.5}


def test_withheld_answers_are_counted_and_how_many_of_them_are_wrong() -> None:
    labels = np.repeat([1, 2], 10)
    right = np.arange(20) >= 6
    confidence = np.where(np.arange(20) < 8, 0.3, 0.8).astype(np.float32)
    names = labels.astype(str)
    found = figures(labels, _answers(right, labels), confidence, names, abstain_below=0.35)
    assert found["unsure"] == pytest.approx(0.4)
    assert found["risk_of_unsure"] == pytest.approx(6 / 8)
    found = figures(labels, _answers(right, labels), confidence, names, abstain_below=0.1)
    assert found["unsure"] == 0.0 and found["risk_of_unsure"] is None


def test_an_interval_is_by_person_and_not_by_item() -> None:
    """Two persons of whom one is always right: the accuracy can be 0 or 1."""
    labels = np.tile([1, 2], 50)
    right = np.arange(100) < 50
    two = np.where(right, "a", "b")
    found = figures(labels, _answers(right, labels), np.full(100, 0.5, np.float32), two)
    assert found["accuracy_interval"] == [0.0, 1.0]
    assert found["auroc"] == 0.5


def test_risk_counts_the_most_confident() -> None:
    right = np.array([True, True, False, False, False])
    assert risk_at(right, np.array([0.9, 0.8, 0.7, 0.1, 0.0]), 0.6) == pytest.approx(1 / 3)
    assert risk_at(right, np.array([0.0, 0.1, 0.7, 0.8, 0.9]), 0.6) == 1.0


def test_a_probe_does_not_recognise_persons() -> None:
    """A code that says who speaks and nothing else: with the person known it would tell the label,
    and a new person is at chance."""
    rng = np.random.default_rng(3)
    persons = np.repeat(np.arange(12), 20)
    labels = np.where(persons % 2 == 0, 1, 2)
    who = rng.normal(0, 5, (12, 8))[persons] + rng.normal(0, 0.1, (240, 8))
    names = np.array([f"p{k}" for k in persons])
    told = (labels == 1)[:, None] * 4.0 + rng.normal(0, 1, (240, 8))
    assert np.mean(probe(told.astype(np.float32), labels, names) == labels) > 0.95
    assert np.mean(probe(who.astype(np.float32), labels, names) == labels) < 0.85


def test_the_page_names_strangers() -> None:
    labels, names = np.tile([1, 2], 10), np.repeat([f"p{k}" for k in range(5)], 4)
    one = figures(labels, _answers(np.ones(20, bool), labels), np.full(20, 0.5), names)
    known = {"trained": False, **one, "probe": one}
    report = {"bundle": "made up", "part": "test", "streams": {"audio": {"emovo": known}}}
    shown = page(report)
    assert "| EMOVO | stranger | 20 (5) | 50.0 | 100.0 (100.0-100.0) |" in shown
    assert "accuracy 100.0" in headline(report) and "words" not in shown
