"""Pooling of a window's embeddings: the runtime's numpy against training's torch."""

from __future__ import annotations

import numpy as np
import pytest

from edge.recognition.pooling import pool


def test_equal_logits_give_the_mean() -> None:
    embeddings = np.array([[1, 0], [0, 1], [2, 2]], np.float32)
    assert pool(embeddings, np.zeros(3, np.float32)) == pytest.approx([1, 1])


def test_an_item_with_a_high_logit_dominates_at_any_scale() -> None:
    embeddings = np.array([[1, 0], [0, 1]], np.float32)
    pooled = pool(embeddings, np.array([500, 480], np.float32))
    assert pooled == pytest.approx([1, 0], abs=1e-6)
    assert pooled.dtype == np.float32


def test_a_hand_computed_window() -> None:
    embeddings = np.array([[3, 0], [0, 3]], np.float32)
    # Weights e^ln2 : e^0 = 2 : 1.
    assert pool(embeddings, np.array([np.log(2), 0], np.float32)) == pytest.approx([2, 1])


@pytest.mark.parametrize(("n", "logits"), [(0, 0), (3, 2)])
def test_an_empty_or_inconsistent_window_is_an_error_of_the_caller(n: int, logits: int) -> None:
    with pytest.raises(ValueError, match="pool needs"):
        pool(np.zeros((n, 4), np.float32), np.zeros(logits, np.float32))


def test_torch_gives_the_same_pooling() -> None:
    torch = pytest.importorskip("torch")
    from train.models.pooling import pool as pool_in_training

    rng = np.random.default_rng(3)
    embeddings = rng.normal(size=(4, 9, 16)).astype(np.float32)
    logits = rng.normal(scale=3, size=(4, 9)).astype(np.float32)
    there = rng.random((4, 9)) < 0.6
    there[:, 0] = True
    ours = pool_in_training(*map(torch.from_numpy, (embeddings, logits, there))).numpy()
    for k in range(4):
        live = pool(embeddings[k][there[k]], logits[k][there[k]])
        assert ours[k] == pytest.approx(live, abs=1e-6)
