"""Confidence as the share of right answers."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from edge.types import MASKS
from train.metrics import calibration_error
from train.models.calibration import Calibration, log_odds
from train.stages.calibrate import fit_shares

Floats = NDArray[np.float64]


def drawn(count: int, seed: int = 1) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Shares of right answers, two scores that say too little of them, and the answers."""
    rng = np.random.default_rng(seed)
    shares = rng.beta(2, 1, count)
    odds = np.log(shares / (1 - shares))
    scores = np.stack([0.2 * odds - 0.9, 0.5 * odds + 0.1 * rng.standard_normal(count)], axis=1)
    return shares, scores, rng.random(count) < shares


def told(scores: Floats, weights: NDArray[np.floating]) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(scores @ weights[:2] + weights[2]))))


def test_scores_that_are_too_low_become_the_share_of_right_answers() -> None:
    _, scores, right = drawn(8000)
    weights = fit_shares(scores, right)
    shares, others, right = drawn(8000, seed=2)
    before = told(others, np.array([1.0, 0.0, 0.0]))
    after = told(others, weights)
    assert calibration_error(right, before) > 0.2
    assert calibration_error(right, after) < 0.03
    assert np.corrcoef(after, shares)[0, 1] > 0.95


def test_confidence_never_falls_when_a_score_rises() -> None:
    rng = np.random.default_rng(3)
    # Wrong answers have the higher scores.
    right = rng.random(500) < 0.5
    scores = rng.standard_normal((500, 2)) - right[:, None]
    weights = fit_shares(scores, right)
    assert weights[0] >= 0
    assert weights[1] >= 0
    assert told(scores, weights).mean() == pytest.approx(right.mean(), abs=0.01)


def test_a_few_right_answers_do_not_make_it_certain() -> None:
    scores = np.zeros((20, 2))
    weights = fit_shares(scores, np.ones(20, bool))
    assert 0.5 < told(scores, weights)[0] < 0.97


def test_before_it_is_fitted_it_says_what_confidnet_says() -> None:
    tcp = torch.linspace(0.01, 0.99, 5 * len(MASKS)).reshape(5, len(MASKS))
    assert torch.allclose(Calibration()(tcp, torch.rand(5, len(MASKS))), tcp, atol=1e-6)


def test_certain_scores_stay_finite_in_half_precision() -> None:
    certain = torch.tensor([0.0, 1.0]).half()
    assert torch.isfinite(log_odds(certain)).all()
