"""The face encoder: one aligned crop to an embedding and a pooling logit."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.models.residual import Residual, conv_bn


class FaceEncoder(nn.Module):
    """About 1.1 million weights and 90 million multiplications for each crop.

    The stem halves the resolution: a full-size first stage would take most of the time, for little
    detail in a face of 48 pixels.
    """

    def __init__(
        self,
        widths: tuple[int, int, int] = (64, 96, 160),
        embedding: int = 64,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        first, second, third = widths
        self.stem = conv_bn(1, first, 5, 2)
        self.body = nn.Sequential(
            Residual(first, first),
            Residual(first, second, 2),
            Residual(second, third, 2),
            Residual(third, third),
        )
        self.dropout = nn.Dropout(dropout)
        self.embedding = nn.Linear(third, embedding)
        self.weigh = nn.Linear(third, 1)

    def forward(self, crop: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding (batch, D) and logit (batch,) of crops (batch, 1, 48, 48) in 0..1."""
        x = torch.relu(self.stem(crop * 4.0 - 2.0))
        x = self.dropout(self.body(x).mean(dim=(2, 3)))
        return self.embedding(x), self.weigh(x)[:, 0]
