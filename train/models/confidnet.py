"""ConfidNet: how likely the answer under a mask is to be right (Corbiere et al. 2019; CDaT)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CLIP_DEVIATIONS = 4.0
"""A signal further out than this says no more than that it is far out."""


class ConfidNet(nn.Module):
    """Predicts the true class probability (TCP) of one mask's answer.

    Beyond the paper, which reads z alone, it reads the codes and the measured signals of the mask's
    streams. What belongs to other streams is zeroed: a camera that goes dark cannot change what is
    thought of the microphone alone. The signals' normalisation is part of the graph.
    """

    mean: Tensor
    deviation: Tensor
    owner: Tensor

    def __init__(
        self,
        z: int,
        code: int,
        signals: tuple[int, int, int],
        width: int = 256,
        dropout: float = 0.2,
        forget: float = 0.4,
    ) -> None:
        """`signals`: how many each stream has, in the order of `edge.types.STREAMS`."""
        super().__init__()
        total = sum(signals)
        self.register_buffer("mean", torch.zeros(total))
        self.register_buffer("deviation", torch.ones(total))
        owner = torch.zeros(3, total)
        at = 0
        for stream, count in enumerate(signals):
            owner[stream, at : at + count] = 1.0
            at += count
        self.register_buffer("owner", owner)
        # The codes of a few thousand held-out items could be learnt by heart; signals could not.
        self.forget = nn.Dropout(forget)
        layers: list[nn.Module] = []
        size = z + 3 + total + 3 * code
        for _ in range(3):
            layers += [nn.Linear(size, width), nn.ReLU(), nn.BatchNorm1d(width)]
            layers.append(nn.Dropout(dropout))
            size = width
        self.body = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, z: Tensor, mask: Tensor, codes: Tensor, quality: Tensor) -> Tensor:
        """Expected TCP in 0..1, shape (batch,) - not (batch, 1), which would broadcast in a loss.

        Args:
            z: shape (batch, Z), under this mask.
            mask: shape (batch, 3).
            codes: shape (batch, 3, D).
            quality: shape (batch, Q), in physical units.
        """
        signals = (quality - self.mean) / self.deviation
        signals = torch.clamp(signals, -CLIP_DEVIATIONS, CLIP_DEVIATIONS)
        signals = signals * (mask @ self.owner)
        seen = self.forget(torch.cat([z, (codes * mask[:, :, None]).flatten(1)], dim=1))
        return torch.sigmoid(self.body(torch.cat([seen, mask, signals], dim=1))[:, 0])
