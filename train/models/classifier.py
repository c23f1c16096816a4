"""An encoder with its own classification head, for the first stage."""

from __future__ import annotations

from torch import Tensor, nn

from train.models.pooling import pool


class Classifier(nn.Module):
    """Encoder, pooling and head. The head is linear, so the logits of the pooled embedding are the
    weighted mean of the items' logits."""

    def __init__(self, encoder: nn.Module, embedding: int, labels: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(embedding, labels)

    def forward(self, items: Tensor) -> tuple[Tensor, Tensor]:
        """Class logits of items (batch, n, ...), (batch, n, C), and of the window, (batch, C)."""
        batch, n = items.shape[:2]
        embeddings, logits = self.encoder(items.flatten(0, 1))
        embeddings, logits = embeddings.reshape(batch, n, -1), logits.reshape(batch, n)
        return self.head(embeddings.float()), self.head(pool(embeddings, logits))
