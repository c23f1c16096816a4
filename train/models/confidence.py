"""ConfidNet: predicts how likely a prediction is correct (Corbiere et al. 2019; CDaT)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def confidence_mlp(inputs: int, width: int, dropout: float) -> nn.Sequential:
    """(B, inputs) to (B, 1): 3 x (linear, ReLU, BatchNorm, dropout), then one output, as in the
    public CDaT release."""
    layers: list[nn.Module] = []
    for _ in range(3):
        layers += [nn.Linear(inputs, width), nn.ReLU(), nn.BatchNorm1d(width), nn.Dropout(dropout)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(width, 1))


class ConfidNet(nn.Module):
    """The paper's ConfidNet: predicts the true class probability (TCP) from z alone."""

    def __init__(self, z: int, width: int = 256, dropout: float = 0.2) -> None:
        super().__init__()
        self.body = confidence_mlp(z, width, dropout)

    def forward(self, z: Tensor) -> Tensor:
        """z (B, Z) to confidences (B,) in 0..1.

        The shape is not (B, 1), as in the public release: with targets (B,) the loss would
        broadcast to (B, B), whose optimum is the batch's mean for every input.
        """
        return torch.as_tensor(torch.sigmoid(self.body(z)[:, 0]))


class EmbeddingConfidNet(nn.Module):
    """Predicts the TCP under one mask from z and the embeddings of the mask's streams [R].

    The embeddings of other streams are set to 0, so a dark camera does not change the confidence of
    the microphone alone.
    """

    def __init__(
        self, z: int, embedding: int, width: int = 256, dropout: float = 0.2, forget: float = 0.4
    ) -> None:
        super().__init__()
        # Dropout, because the network could memorise the embeddings of a few thousand items.
        self.forget = nn.Dropout(forget)
        self.body = confidence_mlp(z + 3 + 3 * embedding, width, dropout)

    def forward(self, z: Tensor, mask: Tensor, embeddings: Tensor) -> Tensor:
        """Expected TCP in 0..1, shape (B,).

        Args:
            z: shape (B, Z), under this mask.
            mask: shape (B, 3).
            embeddings: shape (B, 3, D).
        """
        seen = self.forget(torch.cat([z, (embeddings * mask[:, :, None]).flatten(1)], dim=1))
        return torch.sigmoid(self.body(torch.cat([seen, mask], dim=1))[:, 0])
