"""How a window's items become one embedding: the same formula in training (torch) and live
(numpy)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.types import Float


def pool(embeddings: Float, logits: Float) -> Float:
    """Mean of the embeddings, each weighted by the softmax of its logit.

    A window costs one dot product, however long it is: the embeddings were computed when their
    items came in.

    Args:
        embeddings: float32, shape (n, D), one row for each item in the window, n >= 1.
        logits: float32, shape (n,), how much its encoder makes of each item.

    Returns:
        The window's embedding, float32, shape (D,).

    Raises:
        ValueError: No items, or a logit for not every embedding: a bug of the caller, not of a
        user.
    """
    if embeddings.ndim != 2 or logits.shape != (embeddings.shape[0],) or not len(logits):
        raise ValueError(
            f"pool needs embeddings (n, D) and logits (n,), n >= 1, not {embeddings.shape} and"
            f" {logits.shape}"
        )
    # Less the maximum, so that no logit overflows; float64 so that the order of items matters less
    # than a float32 rounding.
    weights: NDArray[np.float64] = np.exp(logits.astype(np.float64) - float(logits.max()))
    weights /= weights.sum()
    return np.asarray(weights @ embeddings, dtype=np.float32)
