"""CDaT: confidence with each stream left out decides which stream learns from which."""

from __future__ import annotations

import torch
from torch import Tensor

from train.models.confidence import ConfidNet
from train.models.fusion import FusionModel

WITHOUT = 1.0 - torch.eye(3)
"""(3, 3): row m keeps all but stream m."""


@torch.no_grad()
def confidence_without(
    model: FusionModel, confidnet: ConfidNet, hidden: Tensor, present: Tensor
) -> Tensor:
    """c_-m for each stream m, (B, 3): ConfidNet's prediction on z with m masked.

    In eval mode and without gradient, whatever mode the models are in: the public release takes it
    with dropout on. One pass for all three masks; the encoders are not run again.

    Args:
        hidden: (B, 3, H), of the encoders in eval mode.
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
    """w[i, m, n]: how much stream m of sample i learns from stream n (B, 3, 3).

    If confidence is higher without m than without n, m is the one that interferes: it learns from n
    with w_mn = c_-m where c_-m > c_-n, else 0 (read in the public CDaT release). Pairs of which the
    sample lacks a stream have none.

    Args:
        confidence: c_-m, (B, 3).
        present: (B, 3).
    """
    without_m, without_n = confidence[:, :, None], confidence[:, None, :]
    pairs = present[:, :, None] * present[:, None, :]
    return torch.where(without_m > without_n, without_m, torch.zeros_like(without_m)) * pairs
