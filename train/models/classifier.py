"""An encoder with a classification head of its own, for the first stage."""

from __future__ import annotations

from torch import Tensor, nn

from train.models.pooling import pool


class Classifier(nn.Module):
    """The head is linear, so that the pooled embedding's logits are the mean of the items' logits:
    a window adds up its items' evidence."""

    def __init__(self, encoder: nn.Module, embedding: int, labels: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(embedding, labels)

    def forward(self, items: Tensor) -> tuple[Tensor, Tensor]:
        """Items (batch, n, ...) to class logits: items' (batch, n, C), the window's (batch, C)."""
        batch, n = items.shape[:2]
        embeddings, logits = self.encoder(items.flatten(0, 1))
        embeddings, logits = embeddings.reshape(batch, n, -1), logits.reshape(batch, n)
        return self.head(embeddings.float()), self.head(pool(embeddings, logits))
