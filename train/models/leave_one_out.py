"""CDaT: transfer weights from the confidence with each stream left out."""

from __future__ import annotations

import torch
from torch import Tensor

from train.models.confidence import ConfidNet
from train.models.fusion import FusionModel

WITHOUT = 1.0 - torch.eye(3)
"""(3, 3): row m is the mask of all streams except m."""


@torch.no_grad()
def confidence_without(
    model: FusionModel, confidnet: ConfidNet, hidden: Tensor, present: Tensor
) -> Tensor:
    """c_-m for each stream m, (B, 3): ConfidNet's prediction on z with m masked.

    The models are temporarily in eval mode and there is no gradient; the public release computes it
    with dropout on. All three masks share one pass, and the encoders are not run again.

    Args:
        hidden: (B, 3, H), from the encoders in eval mode.
        present: (B, 3).
    """
    was = model.training, confidnet.training
    model.eval()
    confidnet.eval()
    count = len(hidden)
    mask = WITHOUT.repeat(count, 1)
    z = model.fuse(hidden.repeat_interleave(3, dim=0), mask, present.repeat_interleave(3, dim=0)).z
    confidence: Tensor = confidnet(z).reshape(count, 3)
    model.train(was[0])
    confidnet.train(was[1])
    return confidence


def transfer_weights(confidence: Tensor, present: Tensor) -> Tensor:
    """w[i, m, n]: weight of the transfer from stream n to stream m in sample i, (B, 3, 3).

    If confidence is higher without m than without n, stream m interferes and learns from n:
    w_mn = c_-m if c_-m > c_-n, else 0 (as in the public CDaT release). The weight is also 0 if the
    sample lacks one of the two streams.

    Args:
        confidence: c_-m, (B, 3).
        present: (B, 3).
    """
    without_m, without_n = confidence[:, :, None], confidence[:, None, :]
    pairs = present[:, :, None] * present[:, None, :]
    return torch.where(without_m > without_n, without_m, torch.zeros_like(without_m)) * pairs
