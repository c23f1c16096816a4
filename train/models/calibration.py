"""Confidence as the share of right answers, under every mask."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge.types import MASKS

FLOOR = 1e-3
"""Of a probability and of its complement before the logarithm; half precision still holds it."""


class Calibration(nn.Module):
    """Turns what ConfidNet says and the largest probability into the share of right answers [R]:

        q_S = sigmoid(a_S logit(t_S) + b_S logit(max P_S) + c_S),  a_S, b_S >= 0

    Platt (1999) with two scores instead of one. The true class probability, which ConfidNet
    predicts, is no such share: where the probabilities are too even, it is too low.
    """

    weights: Tensor

    def __init__(self) -> None:
        """Until it is fitted, q_S = t_S."""
        super().__init__()
        self.register_buffer("weights", torch.tensor([[1.0, 0.0, 0.0]]).repeat(len(MASKS), 1))

    def forward(self, tcp: Tensor, largest: Tensor) -> Tensor:
        """TCPs (batch, 7) and largest probabilities (batch, 7) to shares (batch, 7)."""
        a, b, c = self.weights.unbind(dim=1)
        return torch.sigmoid(a * log_odds(tcp) + b * log_odds(largest) + c)


def log_odds(share: Tensor) -> Tensor:
    """The logit, any shape, with shares kept away from 0 and 1 by `FLOOR`."""
    kept = torch.clamp(share, FLOOR, 1 - FLOOR)
    return torch.log(kept) - torch.log(1 - kept)
