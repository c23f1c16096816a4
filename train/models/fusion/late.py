"""Late fusion: the streams' own answers are added."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from train.models.fusion.base import FusionModel, Output


class Late(FusionModel):
    """A linear head for each stream. The logits are the sum of the used streams' logits, each times
    a learned scale, and a bias, which is the log label shares if the heads answer at equal shares.

    If the streams are independent given the label, and each stream's logits are log odds at equal
    label shares, the sum is Bayes' rule (a product of experts, Hinton 2002). A scale makes up for a
    stream that is too sure, or not sure enough, of people whom its encoder has not met.
    """

    def __init__(
        self, dims: tuple[int, int, int], outputs: int, hidden: int = 32, dropout: float = 0.3
    ) -> None:
        super().__init__(dims, outputs, hidden, dropout)
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleList(nn.Linear(hidden, outputs) for _ in dims)
        self.scale = nn.Parameter(torch.ones(len(dims)))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.z_size = (len(dims) + 1) * outputs

    def take_heads(self, heads: Sequence[nn.Linear]) -> None:
        """Use these heads, such as those with which the encoders were trained.

        Args:
            heads: of text, audio and vision, from `hidden` to `outputs`.
        """
        for own, given in zip(self.heads, heads, strict=True):
            own.load_state_dict(given.state_dict())

    def keep_heads(self) -> None:
        """Leave the heads as they are in training."""
        self.heads.requires_grad_(False)
        self.dropout = nn.Dropout(0.0)

    def fuse(self, hidden: Tensor, mask: Tensor, present: Tensor) -> Output:
        """See `FusionModel.fuse`. z holds each used stream's logits, and their sum."""
        used = (mask * present)[:, :, None]
        rows = zip(self.heads, self.dropout(hidden).unbind(1), strict=True)
        each = torch.stack([head(row) for head, row in rows], dim=1)
        each = each * self.scale[None, :, None] * used
        logits = each.sum(dim=1) + self.bias
        return Output(logits, torch.cat([each.flatten(1), logits], dim=1), hidden)
