"""How far apart two streams are in what CDaT's transfer brings together."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from train.losses import pkt_rows

PAIRS = ((0, 1), (0, 2), (1, 2))


@torch.no_grad()
def divergence(hidden: Tensor, present: Tensor) -> float:
    """Mean KL(teacher || student), in nat, of the rows of the kernel, over all ordered pairs of
    streams; NaN where no pair is in three samples. All samples are one batch.

    Args:
        hidden: (B, 3, H), the vectors that are compared.
        present: (B, 3), 1 where a sample has the stream.
    """
    found = []
    for m, n in (*PAIRS, *((n, m) for m, n in PAIRS)):
        both = (present[:, m] * present[:, n]) > 0
        if int(both.sum()) > 2:
            found.append(float(pkt_rows(hidden[both, m], hidden[both, n]).mean()))
    return float(np.mean(found)) if found else float("nan")
