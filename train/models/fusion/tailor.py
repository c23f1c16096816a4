"""TAILOR (Zhang et al. 2022): common and private vectors, and a decoder query for each label."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from train.models.fusion.base import FusionModel, Output


class _Reversed(torch.autograd.Function):
    """Gradient reversal (Ganin & Lempitsky 2015): identity forwards, negated backwards."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> Tensor:
        return -outer[0]


class TAILOR(FusionModel):
    """A reconstruction [R] of the parts that CDaT uses: extraction of common and private vectors
    with an adversarial classifier of the stream, and a decoder with one query for each label.

    Masking sets a stream's common and private vectors to 0 (as in the public CDaT release).
    """

    by_sample = False

    def __init__(
        self, dims: tuple[int, int, int], outputs: int, hidden: int = 32, dropout: float = 0.3
    ) -> None:
        super().__init__(dims, outputs, hidden, dropout)
        self.common = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, hidden))
        self.private = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, hidden))
            for _ in range(3)
        )
        self.judge = nn.Linear(hidden, 3)
        self.label = nn.Parameter(torch.randn(outputs, hidden) * hidden**-0.5)
        self.ask = nn.MultiheadAttention(hidden, 2, dropout, batch_first=True)
        self.gather = nn.Sequential(nn.Linear(4 * hidden, hidden), nn.ReLU(), nn.Dropout(dropout))
        self.norm = nn.LayerNorm(hidden)
        self.mix = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.ReLU(), nn.Dropout(dropout))
        self.head = nn.Parameter(torch.randn(outputs, hidden) * hidden**-0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.z_size = hidden

    def fuse(self, hidden: Tensor, mask: Tensor, present: Tensor) -> Output:
        """See `FusionModel.fuse`."""
        there, kept = present[:, :, None], (mask * present)[:, :, None]
        common = self.common(hidden) * there
        private = torch.stack(
            [p(h) for p, h in zip(self.private, hidden.unbind(1), strict=True)], 1
        )
        private = private * there
        mean = (common * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1.0)
        vectors = self.norm(torch.cat([private * kept, mean[:, None]], dim=1))
        asked = self.label.expand(len(hidden), -1, -1)
        found, _ = self.ask(asked, vectors, vectors, need_weights=False)
        whole = self.gather(vectors.flatten(1))
        each = self.mix(torch.cat([found, whole[:, None].expand_as(found)], dim=2))
        parts = {"common": common, "private": private, "present": present}
        if self.training:  # the adversary has no part in an answer
            reversed_: Tensor = _Reversed.apply(common)  # type: ignore[no-untyped-call]
            parts |= {"judged_common": self.judge(reversed_), "judged_private": self.judge(private)}
        logits = (each * self.head).sum(dim=2) + self.bias
        return Output(logits, each.mean(dim=1), common, parts)
