"""Training with one corpus left out: priors, targets, and what the corpora teach each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

import torch

from train.config import EncoderFit
from train.corpora.labels import LABELS
from train.corpora.sampling import ABSENT, log_prior
from train.models.classifier import Classifier
from train.models.text import TextEncoder
from train.studies.strangers.left_out import Coded, logits_of, target_of, train_without


def _model() -> Classifier:
    torch.manual_seed(0)
    return Classifier(TextEncoder(64, width=16, embedding=16), 16, len(LABELS))


def _corpus(labels: list[int], sizes: list[int], seed: int) -> Coded:
    """Lines of two words, of which one names the label, in training and validation."""
    rng = np.random.default_rng(seed)
    own = np.repeat(labels, sizes)
    items = np.zeros((len(own), 1, 6, 2), np.uint16)
    items[:, 0, 0, 0], items[:, 0, 1, 0] = 1 + own, rng.integers(20, 60, len(own))
    return Coded(items, own, np.where(np.arange(len(own)) % 4 == 0, "val", "train"))


def test_absent_labels_are_neither_taught_nor_smoothed() -> None:
    labels = np.array([1, 1, 1, 2])
    prior = log_prior(labels, len(LABELS), 0.0)
    assert np.exp(prior[[1, 2]]) == pytest.approx([0.75, 0.25])
    assert (prior[[0, 3, 4, 5, 6]] == ABSENT).all()
    assert np.exp(log_prior(labels, len(LABELS), 1.0)[[1, 2]]) == pytest.approx([0.5, 0.5])
    target = target_of(labels[-1:], prior[None])
    assert target.sum() == pytest.approx(1) and target[0, 2] == pytest.approx(0.95)
    assert not target[0, [0, 3, 4, 5, 6]].any()


def test_a_line_has_the_same_logits_in_any_company() -> None:
    """A batch is cut to its longest line."""
    items = np.zeros((3, 1, 40, 8), np.uint16)
    items[0, 0, :2, 0], items[1, 0, :30, 0], items[2, 0, :40, 0] = 5, 6, 7
    model = _model()
    together = logits_of(model, items)
    for row in range(3):
        np.testing.assert_allclose(
            logits_of(model, items[row : row + 1])[0], together[row], atol=1e-5
        )


def test_a_label_that_is_rare_in_its_corpus_is_not_rare_to_a_uniform_prior(tmp_path: Path) -> None:
    """One corpus has label 1 in 95 % of its lines, the other a third of them: with the priors
    in the loss, a line without any known word is no more label 1 than label 2."""
    known = {"one": _corpus([1, 2], [380, 20], 1), "other": _corpus([1, 2, 3], [130] * 3, 2)}
    section = EncoderFit(epochs=2, samples=1600, batch=32, learning_rate=0.02, class_balance=0)
    unknown = np.zeros((1, 1, 6, 2), np.uint16)
    unknown[0, 0, :2, 0] = (62, 63)
    lead = {}
    for adjusted in (False, True):
        model = _model()
        found = train_without(known, model, section, tmp_path / str(adjusted), adjusted)
        assert set(found) == {"score", "one", "other"}
        logits = logits_of(model, unknown)[0]
        lead[adjusted] = float(logits[1] - logits[2])
    test = _corpus([1, 2, 3], [30, 30, 30], 3)
    assert np.mean(logits_of(model, test.items).argmax(axis=1) == test.labels) > 0.9
    assert lead[True] < lead[False] - 0.5
