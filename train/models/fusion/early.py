"""Early fusion: the concatenated vectors of the streams."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.models.fusion.base import FusionModel, Output


class Early(FusionModel):
    """Concatenation, then an MLP.

    The public CDaT release concatenates raw time averages: no parameter precedes fusion, so its
    transfer has no gradient. Here each stream has an encoder [R], and masking sets its vector in
    the concatenation to 0.
    """

    def __init__(
        self, dims: tuple[int, int, int], outputs: int, hidden: int = 32, dropout: float = 0.3
    ) -> None:
        super().__init__(dims, outputs, hidden, dropout)
        self.mix = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(3 * hidden, 2 * hidden), nn.ReLU(), nn.Dropout(dropout)
        )
        self.head = nn.Linear(2 * hidden, outputs)
        self.z_size = 2 * hidden

    def fuse(self, hidden: Tensor, mask: Tensor, present: Tensor) -> Output:
        """See `FusionModel.fuse`."""
        z = self.mix((hidden * mask[:, :, None]).flatten(1))
        return Output(self.head(z), torch.as_tensor(z), hidden)
