"""`edge.recognition.pooling.pool` in torch, over a batch of windows of unequal length."""

from __future__ import annotations

import torch
from torch import Tensor


def pool(embeddings: Tensor, logits: Tensor, exists: Tensor | None = None) -> Tensor:
    """Softmax-weighted mean of each window's embeddings.

    Args:
        embeddings: shape (batch, n, D).
        logits: shape (batch, n).
        exists: bool, shape (batch, n): True for items that exist; at least one in each window.

    Returns:
        Shape (batch, D).
    """
    if exists is not None:
        logits = logits.masked_fill(~exists, -torch.inf)
    weights = torch.softmax(logits.float(), dim=1)
    return (weights[..., None] * embeddings.float()).sum(dim=1)
