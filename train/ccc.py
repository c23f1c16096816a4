"""Concordance: correlation that also pays for a wrong mean and a wrong spread (Lin 1989)."""

from __future__ import annotations

import torch
from torch import Tensor

TINY = 1e-8


def ccc(said: Tensor, true: Tensor) -> Tensor:
    """2 cov / (s1^2 + s2^2 + (m1 - m2)^2) over the first axis; shape (K,) for inputs (N, K).

    A constant prediction has a CCC of 0, also where the truth is constant, too.
    """
    if said.shape != true.shape:
        raise ValueError(f"prediction {tuple(said.shape)} against target {tuple(true.shape)}")
    a, b = said - said.mean(dim=0), true - true.mean(dim=0)
    covariance = (a * b).mean(dim=0)
    apart = (said.mean(dim=0) - true.mean(dim=0)) ** 2
    spread = a.square().mean(dim=0) + b.square().mean(dim=0)
    return 2 * covariance / (spread + apart).clamp_min(TINY)


def ccc_loss(said: Tensor, true: Tensor) -> Tensor:
    """1 - CCC, mean over the K dimensions."""
    return torch.mean(1 - ccc(said, true))
