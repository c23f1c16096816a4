"""ConfidNet: how likely the answer under a mask is to be right (Corbiere et al. 2019; CDaT)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConfidNet(nn.Module):
    """Predicts the true class probability (TCP) of one mask's answer.

    Beyond the paper, which reads z alone, it reads the embeddings of the mask's streams [R]. What
    belongs to other streams is zeroed: a camera that goes dark cannot change what is thought of
    the microphone alone.
    """

    def __init__(
        self, z: int, embedding: int, width: int = 256, dropout: float = 0.2, forget: float = 0.4
    ) -> None:
        super().__init__()
        # The embeddings of a few thousand held-out items could be learnt by heart.
        self.forget = nn.Dropout(forget)
        layers: list[nn.Module] = []
        size = z + 3 + 3 * embedding
        for _ in range(3):
            layers += [nn.Linear(size, width), nn.ReLU(), nn.BatchNorm1d(width)]
            layers.append(nn.Dropout(dropout))
            size = width
        self.body = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, z: Tensor, mask: Tensor, embeddings: Tensor) -> Tensor:
        """Expected TCP in 0..1, shape (batch,) - not (batch, 1), which would broadcast in a loss.

        Args:
            z: shape (batch, Z), under this mask.
            mask: shape (batch, 3).
            embeddings: shape (batch, 3, D).
        """
        seen = self.forget(torch.cat([z, (embeddings * mask[:, :, None]).flatten(1)], dim=1))
        return torch.sigmoid(self.body(torch.cat([seen, mask], dim=1))[:, 0])
