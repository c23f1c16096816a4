"""The seven masks as numbers."""

from __future__ import annotations

import torch
from torch import Tensor

from edge.types import MASKS, STREAMS

FULL = len(MASKS) - 1


def mask_bits() -> Tensor:
    """Shape (7, 3): 1 where the row's mask uses the stream."""
    return torch.tensor([[float(stream in mask) for stream in STREAMS] for mask in MASKS])
