"""Losses, outside the models; each checks the shapes that the public CDaT release got wrong."""

from __future__ import annotations

import torch
from torch import Tensor


def soft_cross_entropy(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Cross-entropy to a distribution, mean over the batch.

    Args:
        logits: shape (batch, C).
        target: shape (batch, C), rows sum to 1.
        weight: shape (batch,), or None for all alike.
    """
    if logits.shape != target.shape:
        raise ValueError(f"logits {tuple(logits.shape)} against target {tuple(target.shape)}")
    each = -(target * torch.log_softmax(logits.float(), dim=1)).sum(dim=1)
    return each.mean() if weight is None else (each * weight).sum() / weight.sum()


def true_class_probability(logits: Tensor, labels: Tensor) -> Tensor:
    """TCP: the probability that the model gives to the true class; shape (batch,)."""
    return torch.softmax(logits, dim=1).gather(1, labels[:, None])[:, 0]


def confidence_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean squared error to the TCP.

    Raises:
        ValueError: The shapes differ. (batch, 1) against (batch,) would broadcast to (batch,
            batch), whose best answer is the batch's mean, whatever the input.
    """
    if predicted.shape != target.shape:
        raise ValueError(
            f"confidence {tuple(predicted.shape)} against target {tuple(target.shape)}"
        )
    return torch.mean((predicted - target.detach()) ** 2)
