"""The speech encoder: one second of log-mel to an embedding and a pooling logit."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.models.residual import Residual, conv_bn

LOG_MEL_SCALE = 0.25
"""Scales mean-free natural-log mel energies to about unit variance."""


class SpeechEncoder(nn.Module):
    """About 170 thousand weights.

    The mean over the segment is subtracted first: a microphone's gain carries no information about
    emotion, and the reliability network gets the level as a measured signal. Four frequency bands
    stay separate until the last layer."""

    def __init__(
        self,
        widths: tuple[int, int, int, int] = (24, 32, 48, 80),
        embedding: int = 64,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        first, second, third, fourth = widths
        self.stem = conv_bn(1, first, 5, 2)
        self.body = nn.Sequential(
            Residual(first, second, 2), Residual(second, third, 2), Residual(third, fourth, 2)
        )
        self.bands = nn.AvgPool2d((7, 1))
        self.dropout = nn.Dropout(dropout)
        self.embedding = nn.Linear(fourth * 4, embedding)
        self.weigh = nn.Linear(fourth * 4, 1)

    def forward(self, segment: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding (batch, D) and pooling logit (batch,) of segments (batch, 1, 100, 64)."""
        # In two steps: the sum of 6400 log energies of silence exceeds half precision.
        mean = segment.mean(dim=3, keepdim=True).mean(dim=2, keepdim=True)
        x = (segment - mean) * LOG_MEL_SCALE
        x = self.body(torch.relu(self.stem(x)))
        x = self.dropout(self.bands(x).flatten(1))
        return self.embedding(x), self.weigh(x)[:, 0]
