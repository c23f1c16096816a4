"""MISA (Hazarika et al. 2020): shared and private vectors of each stream."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.models.fusion.base import FusionModel, Output


class MISA(FusionModel):
    """A shared and a private vector for each stream, and one layer of self-attention over all six.

    Masking sets the shared vector to 0 (as in the public CDaT release); an absent stream has
    neither vector. The similarity, difference and reconstruction losses are in `train.losses`.
    """

    by_sample = False

    def __init__(
        self, dims: tuple[int, int, int], outputs: int, hidden: int = 32, dropout: float = 0.3
    ) -> None:
        super().__init__(dims, outputs, hidden, dropout)
        self.shared = nn.Sequential(nn.Linear(hidden, hidden), nn.Sigmoid())
        self.private = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden, hidden), nn.Sigmoid()) for _ in range(3)
        )
        self.rebuild = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(3))
        self.attend = nn.TransformerEncoderLayer(
            hidden, 2, 2 * hidden, dropout, batch_first=True, activation="relu"
        )
        self.mix = nn.Sequential(nn.Linear(6 * hidden, 2 * hidden), nn.Dropout(dropout), nn.ReLU())
        self.head = nn.Linear(2 * hidden, outputs)
        self.z_size = 2 * hidden

    def fuse(self, hidden: Tensor, mask: Tensor, present: Tensor) -> Output:
        """See `FusionModel.fuse`."""
        there = present[:, :, None]
        shared = self.shared(hidden) * there
        private = torch.stack(
            [p(h) for p, h in zip(self.private, hidden.unbind(1), strict=True)], 1
        )
        private = private * there
        both = shared + private
        rebuilt = torch.stack([r(b) for r, b in zip(self.rebuild, both.unbind(1), strict=True)], 1)
        six = torch.cat([private, shared * mask[:, :, None]], dim=1)
        z = self.mix(self.attend(six).flatten(1))
        parts = {
            "shared": shared,
            "private": private,
            "rebuilt": rebuilt * there,
            "source": hidden,
            "present": present,
        }
        return Output(self.head(z), torch.as_tensor(z), shared, parts)
