"""ConfidNet: how likely an answer is to be right (Corbiere et al. 2019; CDaT)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def confidence_mlp(inputs: int, width: int, dropout: float) -> nn.Sequential:
    """(B, inputs) to (B, 1): 3 x (linear, ReLU, BatchNorm, dropout), then one output, as the public
    CDaT release has it."""
    layers: list[nn.Module] = []
    for _ in range(3):
        layers += [nn.Linear(inputs, width), nn.ReLU(), nn.BatchNorm1d(width), nn.Dropout(dropout)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(width, 1))


class ConfidNet(nn.Module):
    """The paper's: it predicts the true class probability (TCP) of an answer from its z alone."""

    def __init__(self, z: int, width: int = 256, dropout: float = 0.2) -> None:
        super().__init__()
        self.body = confidence_mlp(z, width, dropout)

    def forward(self, z: Tensor) -> Tensor:
        """z (B, Z) to confidences (B,) in 0..1.

        Not (B, 1), which against (B,) would broadcast in the loss to (B, B), whose optimum is the
        batch's mean whatever the input: the public release's ConfidNet.
        """
        return torch.as_tensor(torch.sigmoid(self.body(z)[:, 0]))


class EmbeddingConfidNet(nn.Module):
    """Predicts the TCP of one mask's answer from z and the embeddings of the mask's streams [R].

    The embeddings of other streams are zeroed: a camera that goes dark cannot change the confidence
    of the microphone alone.
    """

    def __init__(
        self, z: int, embedding: int, width: int = 256, dropout: float = 0.2, forget: float = 0.4
    ) -> None:
        super().__init__()
        # The embeddings of a few thousand held-out items could be learnt by heart.
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
