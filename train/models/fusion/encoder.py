"""An encoder of short sequences: the features of the target's step, with attention to all steps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

ABSENT = -1e4


class FocusedEncoder(nn.Module):
    """The features of the focused step, and attention from it to all steps.

    If the whole sequence is the sample, a learned vector is the attention's query.
    """

    def __init__(self, features: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Dropout(dropout), nn.Linear(features, hidden), nn.ReLU())
        self.key = nn.Linear(hidden, hidden)
        self.ask = nn.Linear(hidden, hidden)
        self.whole = nn.Parameter(torch.zeros(hidden))
        self.join = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * hidden, hidden), nn.Tanh())
        self._scale = hidden**-0.5

    def forward(self, x: Tensor, lengths: Tensor, focus: Tensor) -> Tensor:
        """Sequences (B, T, D) of `lengths` (B,) with `focus` (B,), -1 for none, to (B, H)."""
        steps = self.project(x)
        counts = torch.arange(x.shape[1], device=x.device)[None] < lengths[:, None].clamp(min=1)
        own = steps[torch.arange(len(x), device=x.device), focus.clamp(min=0)]
        own = torch.where((focus >= 0)[:, None], own, self.whole.expand_as(own))
        scores = (self.key(steps) @ self.ask(own)[:, :, None])[:, :, 0] * self._scale
        weights = torch.softmax(scores.masked_fill(~counts, ABSENT), dim=1)
        around = (weights[:, :, None] * steps).sum(dim=1)
        return torch.as_tensor(self.join(torch.cat([own, around], dim=1)))

    def of_one(self, x: Tensor) -> Tensor:
        """As `forward`, of sequences of one step that is the sample: (B, D) to (B, H). The
        attention to a single step is that step."""
        own = self.project(x)
        return torch.as_tensor(self.join(torch.cat([own, own], dim=1)))
