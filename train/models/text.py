"""The text encoder: a look-back window of hashed subwords to an embedding."""

from __future__ import annotations

import torch
from torch import Tensor, nn

ABSENT = -1e4
"""Used instead of minus infinity, so that the graph stays finite in half precision."""

HEADS = 4


class TextEncoder(nn.Module):
    """A word's vector is the mean of its subwords. A convolution over three words, four attention
    heads and the maximum over the window give the embedding. The pooling logit is always 0, because
    a step has one text window."""

    def __init__(
        self, buckets: int = 16384, width: int = 64, embedding: int = 64, dropout: float = 0.4
    ) -> None:
        super().__init__()
        self.table = nn.Embedding(buckets, width)
        nn.init.normal_(self.table.weight, std=0.1)
        self.context = nn.Conv1d(width, width, 3, padding=1)
        self.attend = nn.Linear(width, HEADS)
        self.word_dropout = nn.Dropout(dropout)
        self.dropout = nn.Dropout(dropout)
        self.embedding = nn.Linear((HEADS + 1) * width, embedding)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding (batch, D) and logit (batch,) of ids, int32 (batch, words, subwords), 0 for
        padding."""
        there = (ids > 0).float()[..., None]
        count = there.sum(dim=2)
        words = (self.table(ids) * there).sum(dim=2) / count.clamp(min=1.0)
        spoken = count.clamp(max=1.0)
        x = self.word_dropout(words)
        x = (x + torch.relu(self.context(x.transpose(1, 2)).transpose(1, 2))) * spoken
        weights = torch.softmax(self.attend(x) + (1.0 - spoken) * ABSENT, dim=1)
        means = (weights.transpose(1, 2) @ x).flatten(1)
        most = torch.amax(x + (1.0 - spoken) * ABSENT, dim=1)
        # The front end gives no window without words; if one occurs, it must not give -10000.
        most = most * torch.amax(spoken, dim=1)
        both = torch.cat([means, most], dim=1)
        return self.embedding(self.dropout(both)), both[:, 0] * 0.0
