"""Pools the items of a window to one embedding: the same formula in training (torch) and live
(numpy)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.types import Float


def pool(embeddings: Float, logits: Float) -> Float:
    """Mean of the embeddings, each weighted by the softmax of its logit.

    A window costs one dot product at any length: the embeddings were computed when their items
    arrived.

    Args:
        embeddings: float32, shape (n, D), one row for each item in the window, n >= 1.
        logits: float32, shape (n,), the weight that the encoder gives to each item.

    Returns:
        The window's embedding, float32, shape (D,).

    Raises:
        ValueError: There are no items, or the numbers of logits and embeddings differ. This is a
        bug of the caller, not of a user.
    """
    if embeddings.ndim != 2 or logits.shape != (embeddings.shape[0],) or not len(logits):
        raise ValueError(
            f"pool needs embeddings (n, D) and logits (n,), n >= 1, not {embeddings.shape} and"
            f" {logits.shape}"
        )
    # Minus the maximum, so that no logit overflows. In float64, so that the order of the items
    # matters less than float32 rounding.
    weights: NDArray[np.float64] = np.exp(logits.astype(np.float64) - float(logits.max()))
    weights /= weights.sum()
    return np.asarray(weights @ embeddings, dtype=np.float32)
