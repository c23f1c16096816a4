"""The networks: encoder and head of a stream, and a decoder that predicts the other stream.

CM-StEW (Rajan, Brutti, Cavallaro 2021, arXiv 2108.00809) as far as its abstract describes it: a
Bi-GRU and a transformer encoder; a weak-to-strong translator whose intermediate embedding is
aligned with the stronger modality's. Sizes, read-out and decoder are reconstructions [R]."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from train.studies.translate.config import Network
from train.studies.translate.data import Sequences


class Encoder(nn.Module):
    """Bi-GRU, then a transformer layer, read out at the target's step, or as the mean."""

    def __init__(self, inputs: int, network: Network) -> None:
        super().__init__()
        hidden = network.hidden
        self.dropout = nn.Dropout(network.dropout)
        self.gru = nn.GRU(inputs, hidden // 2, batch_first=True, bidirectional=True)
        self.attend = nn.TransformerEncoderLayer(
            hidden,
            network.heads,
            2 * hidden,
            network.dropout,
            batch_first=True,
            norm_first=True,
        )
        self.embedding = nn.Linear(hidden, network.embedding)

    def forward(self, some: Sequences) -> tuple[Tensor, Tensor]:
        """States (B, T, H), zero in padding, and embeddings (B, D)."""
        counts = some.counts
        # One dropout mask for all steps of a sample: a third of the time at 768 features.
        kept = self.dropout(torch.ones_like(some.x[:, :1]))
        states = self._recur(some.x * kept, some.lengths)
        states = self.attend(states, src_key_padding_mask=None if counts.all() else ~counts)
        states = states * counts[:, :, None]
        return states, self.embedding(self.dropout(_read_out(states, some)))

    def _recur(self, x: Tensor, lengths: Tensor) -> Tensor:
        if bool((lengths == x.shape[1]).all()):
            out: Tensor = self.gru(x)[0]
            return out
        # The backward GRU would start in the padding.
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=x.shape[1])
        return out


class Translator(nn.Module):
    """Encoder and head of a stream; the decoder is separate, because only training needs it."""

    def __init__(self, inputs: int, outputs: int, network: Network) -> None:
        """`outputs`: number of classes, or of regression targets."""
        super().__init__()
        self.encoder = Encoder(inputs, network)
        self.head = nn.Linear(network.embedding, outputs)

    def forward(self, some: Sequences) -> tuple[Tensor, Tensor, Tensor]:
        """States (B, T, H), embeddings (B, D) and predictions (B, outputs)."""
        states, embedding = self.encoder(some)
        return states, embedding, self.head(embedding)


class Decoder(nn.Module):
    """From the student's states or embedding to the strong stream's features or embedding."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        width = 2 * inputs
        self.body = nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) to (..., outputs)."""
        y: Tensor = self.body(x)
        return y


def _read_out(states: Tensor, some: Sequences) -> Tensor:
    """States (B, T, H) at the focus, or their mean over the valid steps; shape (B, H)."""
    mean = states.sum(dim=1) / some.lengths[:, None]
    at_focus = states[torch.arange(len(states)), some.focus.clamp_min(0)]
    return torch.where(some.focus[:, None] >= 0, at_focus, mean)
