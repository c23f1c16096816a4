"""Tensor fusion (Zadeh et al. 2017), with masking of streams before fusion as in CDaT."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TensorFusion(nn.Module):
    """Outer product of the three projected embeddings, each with a 1 appended; then an MLP.

    Masking sets a stream's projection to 0 and keeps its appended 1, so the tensor is that of the
    remaining streams.
    """

    def __init__(
        self,
        embedding: int = 64,
        projected: int = 16,
        z: int = 64,
        labels: int = 7,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.project = nn.ModuleList(
            [nn.Sequential(nn.Linear(embedding, projected), nn.Tanh()) for _ in range(3)]
        )
        self.mix = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear((projected + 1) ** 3, z),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(z, z),
            nn.ReLU(),
        )
        self.classify = nn.Linear(z, labels)

    def forward(self, embeddings: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The penultimate vector and the class logits.

        Args:
            embeddings: shape (batch, 3, D), streams in the order of `edge.types.STREAMS`.
            mask: shape (batch, 3), 1 for a stream that is used, else 0.

        Returns:
            z (batch, Z) and logits (batch, C).
        """
        one = mask[:, :1] * 0.0 + 1.0
        streams = zip(self.project, embeddings.unbind(1), mask.chunk(3, dim=1), strict=True)
        vectors = [
            torch.cat([project(embedding) * used, one], dim=1)
            for project, embedding, used in streams
        ]
        text, audio, vision = vectors
        pairs = (text[:, :, None] * audio[:, None, :]).flatten(1)
        whole = (pairs[:, :, None] * vision[:, None, :]).flatten(1)
        z = self.mix(whole)
        return z, self.classify(z)
