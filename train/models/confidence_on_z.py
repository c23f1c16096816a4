"""ConfidNet on z (Corbiere et al. 2019; CDaT), and what it says with a stream masked."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.models.fusion import FusionModel

FULL = torch.ones(3)
WITHOUT = 1.0 - torch.eye(3)
"""(3, 3): row m keeps all but stream m."""


class ConfidNet(nn.Module):
    """z (B, Z) to a confidence (B,) - not (B, 1), which against (B,) would broadcast in the loss to
    (B, B), whose optimum is the batch's mean whatever the input: the public release's ConfidNet."""

    def __init__(self, z: int, width: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(3):
            layers += [nn.Linear(z, width), nn.ReLU(), nn.BatchNorm1d(width), nn.Dropout(dropout)]
            z = width
        self.body = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, z: Tensor) -> Tensor:
        return torch.as_tensor(torch.sigmoid(self.body(z)[:, 0]))


@torch.no_grad()
def confidence_without(
    model: FusionModel, confidnet: ConfidNet, hidden: Tensor, present: Tensor
) -> Tensor:
    """c_-m for each stream m, (B, 3): ConfidNet's say on z with m masked.

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

    If confidence is higher without m than without n, m is the interferes one: m learns from n with
    w_mn = c_-m where c_-m > c_-n, else 0 (read in the public CDaT release). Pairs of which the
    sample lacks a stream have none.

    Args:
        confidence: c_-m, (B, 3).
        present: (B, 3).
    """
    without_m, without_n = confidence[:, :, None], confidence[:, None, :]
    pairs = present[:, :, None] * present[:, None, :]
    return torch.where(without_m > without_n, without_m, torch.zeros_like(without_m)) * pairs
