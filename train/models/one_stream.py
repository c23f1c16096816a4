"""The model of a one-stream bundle in place of fusion: head, confidence and reliability."""

from __future__ import annotations

from torch import Tensor, nn

from train.models.confidence import ConfidNet
from train.models.reliability import ReliabilityNet


class OneStream(nn.Module):
    """The student's own head, ConfidNet on its embedding, and the reliability of its measured
    signals.

    Confidence is the expected true class probability: ConfidNet's prediction from the embedding,
    times the reliability (`train.models.reliability.InExpectation` for one stream)."""

    def __init__(
        self,
        embedding: int,
        labels: int,
        signals: int,
        width: int = 256,
        dropout: float = 0.2,
        forget: float = 0.4,
    ) -> None:
        super().__init__()
        self.head = nn.Linear(embedding, labels)
        self.forget = nn.Dropout(forget)
        self.confidnet = ConfidNet(embedding, width, dropout)
        self.reliability = ReliabilityNet((signals,))

    def forward(self, embedding: Tensor, quality: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pooled embeddings (batch, D) and signals (batch, Q) in physical units.

        Returns:
            Class logits (batch, C), confidences (batch,) and reliabilities (batch,).
        """
        reliability = self.reliability(quality)[:, 0]
        confidence = self.confidnet(self.forget(embedding))
        return self.head(embedding), confidence * reliability, reliability
