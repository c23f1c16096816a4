"""A layer whose output is added to a stream's embedding."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Added(nn.Module):
    """x + W2 relu(W1 x). W2 begins with zeros, so nothing is added before training.

    An adapter (Houlsby et al. 2019): what the frozen encoder and its head know stays, and training
    finds a change to it.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(size, size), nn.Linear(size, size)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, D) to (B, D)."""
        added: Tensor = self.second(torch.relu(self.first(x)))
        return x + added
