"""Policies are causal, and the oracle knows only the fault."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from edge.types import MASKS, STREAMS
from train.studies.faults.choose import oracle
from train.studies.faults.policies import (
    NONE,
    Seen,
    best_score,
    everything,
    mixture,
    oracle_policy,
    smoothed,
    static,
)
from train.studies.faults.report import reliability, risk_coverage
from train.studies.faults.study import Cell
from train.studies.faults.timeline import Timeline

DURING = Timeline().during
STEPS = len(DURING)

NO_VISION = MASKS.index(("text", "audio"))


def _seen(runs: int = 2, wrong: str | None = None, when=DURING, usable=None) -> Seen:
    """Runs of class 1: masks predict 1, but those with the stream `wrong` predict 0 in `when`."""
    probabilities = np.zeros((runs, STEPS, 7, 3), np.float32)
    probabilities[...] = (0.2, 0.7, 0.1)
    for row, mask in enumerate(MASKS):
        if wrong in mask:
            probabilities[:, when, row] = (0.6, 0.3, 0.1)
    if usable is None:
        usable = np.ones((runs, STEPS, 3), bool)
    ones = np.ones((runs, STEPS, 7), np.float32)
    good = np.where(np.isin(np.arange(7), [r for r, m in enumerate(MASKS) if wrong not in m]), 2, 0)
    scores = {"gate": np.broadcast_to(good.astype(np.float32), ones.shape).copy()}
    return Seen(probabilities, ones, ones[..., :3], usable, scores, np.full(runs, 1, np.int64))


def _right(predictions: np.ndarray) -> float:
    return float((predictions[:, DURING] == 1).mean())


def test_all_streams_follow_a_wrong_camera_and_the_oracle_does_not():
    seen = _seen(wrong="vision")
    assert _right(everything(seen)) == 0
    assert _right(oracle_policy(NO_VISION, DURING)(seen)) == 1
    policy, mask = oracle(Cell((("vision", "dark", 1.0),)), seen, DURING)
    assert mask == "text+audio"
    assert _right(policy(seen)) == 1


def test_the_oracle_drops_only_corrupted_streams():
    # The camera lies, but the fault that the oracle knows of is the microphone's.
    _, mask = oracle(Cell((("audio", "noise", 1.0),)), _seen(wrong="vision"), DURING)
    assert "vision" in mask


def test_no_policy_uses_an_absent_stream():
    usable = np.ones((1, STEPS, 3), bool)
    usable[:, :, STREAMS.index("vision")] = False
    seen = _seen(1, wrong="vision", when=np.ones(STEPS, bool), usable=usable)
    for policy in (
        everything,
        static(np.ones(3, np.float32)),
        best_score(lambda one: one.confidence, 0.8, 0.0),
        mixture(lambda one: one.scores["gate"], 0.8),
    ):
        assert _right(policy(seen)) == 1


def test_without_usable_streams_there_is_no_prediction():
    seen = _seen(1, usable=np.zeros((1, STEPS, 3), bool))
    for policy in (
        everything,
        static(np.ones(3, np.float32)),
        best_score(lambda one: one.confidence, 0.8, 0.0),
        mixture(lambda one: one.scores["gate"], 0.8),
    ):
        assert (policy(seen) == NONE).all()


def test_the_mask_changes_only_beyond_the_margin():
    seen = _seen(wrong="vision", when=np.ones(STEPS, bool))
    assert _right(best_score(lambda one: one.scores["gate"], 0.8, 1.0)(seen)) == 1
    assert _right(best_score(lambda one: one.scores["gate"], 0.8, 3.0)(seen)) == 0


def test_every_policy_is_causal():
    seen = _seen(1, wrong="vision")
    later = np.arange(STEPS) >= np.flatnonzero(DURING)[3]
    changed = _seen(1, wrong="vision", when=DURING & ~later)
    for policy in (everything, mixture(lambda one: one.scores["gate"], 0.5)):
        np.testing.assert_array_equal(policy(seen)[:, ~later], policy(changed)[:, ~later])


def test_the_average_of_a_returning_mask_starts_again():
    scores = np.array([[[9.0], [9.0], [1.0]]], np.float32)
    allowed = np.array([[[True], [False], [True]]])
    assert smoothed(scores, 0.5, allowed)[0, :, 0].tolist() == [9.0, 9.0, 1.0]
    assert smoothed(scores, 0.5, np.ones_like(allowed))[0, :, 0].tolist() == [9.0, 9.0, 5.0]


def test_risk_against_coverage_starts_with_the_most_confident_predictions():
    right = np.array([True] * 10 + [False] * 10)
    curve = risk_coverage(right, np.linspace(1, 0, 20))
    assert curve[9] == [0.5, 0.0]
    assert curve[-1] == [1.0, 0.5]


def test_the_reliability_diagram_has_claimed_and_correct_shares():
    (row,) = reliability(np.array([True, True, False, True]), np.full(4, 0.95))
    assert row == [0.95, 0.75, 1.0]
