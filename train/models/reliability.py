"""Reliability of each stream, and confidence under every mask."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge.types import MASK_ROWS, MASKS, STREAMS
from train.models.calibration import Calibration
from train.models.confidence import EmbeddingConfidNet
from train.models.fusion.base import mask_bits

CLIP_DEVIATIONS = 4.0
"""Standard deviations from the mean at which signals are clipped."""


class ReliabilityNet(nn.Module):
    """Predicts the reliability of each stream, in 0..1 [R]: the share of the label's information
    that the stream's present condition leaves.

    It reads only the measured signals of the newest step. A head that also read the embeddings
    relied on them, and they describe the whole window: noise over speech was noticed 3 s late. The
    normalisation of the signals is part of the graph."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, signals: tuple[int, ...], width: int = 32) -> None:
        """`signals`: number of signals of each stream, in the order of `edge.types.STREAMS`."""
        super().__init__()
        self._signals = signals
        self.register_buffer("mean", torch.zeros(sum(signals)))
        self.register_buffer("deviation", torch.ones(sum(signals)))
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Linear(count, width),
                nn.ReLU(),
                nn.Linear(width, width),
                nn.ReLU(),
                nn.Linear(width, 1),
            )
            for count in signals
        )

    def forward(self, quality: Tensor) -> Tensor:
        """Signals (batch, Q) in physical units to reliabilities (batch, streams)."""
        signals = (quality - self.mean) / self.deviation
        signals = torch.clamp(signals, -CLIP_DEVIATIONS, CLIP_DEVIATIONS)
        begin, reliabilities = 0, []
        for head, count in zip(self.heads, self._signals, strict=True):
            reliabilities.append(torch.sigmoid(head(signals[:, begin : begin + count])))
            begin += count
        return torch.cat(reliabilities, dim=1)


class MaskedConfidence(nn.Module):
    """Combines ConfidNet with the reliability of the streams for all seven masks."""

    bits: Tensor

    def __init__(self, z: int, embedding: int, signals: tuple[int, int, int]) -> None:
        super().__init__()
        self.confidnet = EmbeddingConfidNet(z, embedding)
        self.reliability = ReliabilityNet(signals)
        self.calibration = Calibration()
        self.expect = InExpectation()
        self.register_buffer("bits", mask_bits())

    def tcp(self, z: Tensor, embeddings: Tensor) -> Tensor:
        """ConfidNet's TCP under each mask, (batch, 7); arguments as in `forward`."""
        count, rows = z.shape[:2]
        masks = self.bits.repeat(count, 1)
        repeated = embeddings[:, None].expand(-1, rows, -1, -1).flatten(0, 1)
        return torch.as_tensor(
            self.confidnet(z.flatten(0, 1), masks, repeated).reshape(count, rows)
        )

    def forward(
        self, z: Tensor, embeddings: Tensor, quality: Tensor, largest: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Confidences (batch, 7) and reliabilities (batch, 3).

        Args:
            z: shape (batch, 7, Z), under each mask.
            embeddings: shape (batch, 3, D).
            quality: shape (batch, Q), in physical units.
            largest: shape (batch, 7), the largest probability under each mask; then the confidence
                is a share of right answers. None: an expected TCP, as ConfidNet is trained.
        """
        sure = self.tcp(z, embeddings)
        if largest is not None:
            sure = self.calibration(sure, largest)
        reliability = self.reliability(quality)
        return self.expect(sure, reliability), reliability


class InExpectation(nn.Module):
    """The expected TCP, where each stream carries information with the probability w_m, its
    reliability.

        c_S = sum_A P(A) TCP_(S and A),  P(A) = prod_(m in A) w_m prod_(m not in A) (1 - w_m)

    with TCP_{} = 0. It is computed with two matrix products, in the graph and in the target alike.
    """

    speaking: Tensor
    table: Tensor

    def __init__(self) -> None:
        super().__init__()
        sets = [frozenset(s for k, s in enumerate(STREAMS) if a >> k & 1) for a in range(8)]
        table = torch.zeros(len(MASKS), len(MASKS), len(sets))
        for row, mask in enumerate(MASKS):
            for a, speaking in enumerate(sets):
                if useful := speaking & frozenset(mask):
                    table[row, MASK_ROWS[useful], a] = 1.0
        bits = torch.tensor([[float(s in speaking) for s in STREAMS] for speaking in sets])
        self.register_buffer("speaking", bits, persistent=False)
        self.register_buffer("table", table.flatten(0, 1).T.contiguous(), persistent=False)

    def forward(self, tcp: Tensor, reliability: Tensor) -> Tensor:
        """TCPs (batch, 7) and reliabilities (batch, 3) to expected TCPs (batch, 7)."""
        each = self.speaking * reliability[:, None] + (1 - self.speaking) * (
            1 - reliability[:, None]
        )
        chance = each[:, :, 0] * each[:, :, 1] * each[:, :, 2]
        weights = (chance @ self.table).reshape(-1, len(MASKS), len(MASKS))
        return (weights * tcp[:, None]).sum(dim=2)
