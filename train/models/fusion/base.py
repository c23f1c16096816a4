"""The interface of the four fusion models: three streams in, logits and vectors out.

    model(text, audio, vision, mask) -> Output

A stream that a corpus lacks is given as zeros with `present` false, so a corpus of two streams uses
the same models.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from edge.types import MASK_BITS
from train.models.fusion.added import Added
from train.models.fusion.encoder import FocusedEncoder


def mask_bits() -> Tensor:
    """`edge.types.MASK_BITS` as float32 (7, 3)."""
    return torch.tensor(MASK_BITS, dtype=torch.float32)


class StreamBatch(NamedTuple):
    """One stream of a batch: features (B, T, D), number of valid steps (B,), step of the target
    (B,) or -1 for the whole sequence, and whether the sample has the stream, bool (B,)."""

    x: Tensor
    lengths: Tensor
    focus: Tensor
    present: Tensor


@dataclass(frozen=True)
class Output:
    """The outputs of a fusion model.

    Attributes:
        logits: (B, C).
        z: (B, Z), the penultimate vector, which ConfidNet reads.
        hidden: (B, 3, H), the unmasked vector of each stream, between which transfer works.
        parts: inputs of the model's own losses, by name.
    """

    logits: Tensor
    z: Tensor
    hidden: Tensor
    parts: dict[str, Tensor] = field(default_factory=dict)


class FusionModel(nn.Module):
    """Encoders of the three streams and a fusion network.

    Args:
        dims: number of features of text, audio and vision; 0 for a stream that the corpus lacks.
        outputs: number of labels, or of regression targets.
        hidden: size H of a stream's vector.
    """

    by_sample: ClassVar[bool] = True
    """Whether its losses are means over samples. Those of MISA and TAILOR compare samples."""

    z_size: int

    def __init__(self, dims: tuple[int, int, int], outputs: int, hidden: int, dropout: float):
        super().__init__()
        self.hidden_size, self.outputs = hidden, outputs
        self.encoders = nn.ModuleList(
            FocusedEncoder(dim, hidden, dropout) if dim else nn.Identity() for dim in dims
        )
        self._dims = dims

    def encode(self, streams: tuple[StreamBatch, StreamBatch, StreamBatch]) -> Tensor:
        """A vector for each stream, (B, 3, H); zeros for an absent stream."""
        vectors = []
        for dim, encoder, stream in zip(self._dims, self.encoders, streams, strict=True):
            if dim:
                vector = encoder(stream.x, stream.lengths, stream.focus)
                vectors.append(vector * stream.present[:, None].to(vector.dtype))
            else:
                vectors.append(
                    stream.present.new_zeros(len(stream.present), self.hidden_size) * 1.0
                )
        return torch.stack(vectors, dim=1)

    def encode_pooled(self, embeddings: Tensor) -> Tensor:
        """As `encode`, of one pooled embedding a stream: (B, 3, D) to (B, 3, H); D is H for a
        stream without an encoder, or with a residual layer."""
        vectors = []
        for encoder, row in zip(self.encoders, embeddings.unbind(1), strict=True):
            vectors.append(
                encoder.of_one(row) if isinstance(encoder, FocusedEncoder) else encoder(row)
            )
        return torch.stack(vectors, dim=1)

    def add_to_embeddings(self, size: int) -> None:
        """Give each stream a residual layer in place of an encoder."""
        self.encoders = nn.ModuleList(Added(size) for _ in self._dims)

    def on_embeddings(self, embeddings: Tensor, mask: Tensor) -> Output:
        """Predict from pooled embeddings, as the live bundle does: a stream that `mask` leaves out
        counts as absent, so that nothing of it reaches the answer.

        Args:
            embeddings: (B, 3, D), streams in the order of `edge.types.STREAMS`.
            mask: (B, 3), 1 for a stream that is used, else 0.
        """
        hidden = self.encode_pooled(embeddings) * mask[:, :, None]
        return self.fuse(hidden, mask, mask)

    def forward(
        self, text: StreamBatch, audio: StreamBatch, vision: StreamBatch, mask: Tensor
    ) -> Output:
        """Predict from the streams that `mask` keeps.

        Args:
            mask: (B, 3), 1 for a stream that is kept, 0 for one that is masked before fusion.
        """
        hidden = self.encode((text, audio, vision))
        present = torch.stack([s.present for s in (text, audio, vision)], dim=1)
        return self.fuse(hidden, mask.to(hidden.dtype), present.to(hidden.dtype))

    def fuse(self, hidden: Tensor, mask: Tensor, present: Tensor) -> Output:
        """Predict from the encoders' outputs, so many masks of a batch need only one encoding.

        Args:
            hidden: (B, 3, H).
            mask: (B, 3), as in `forward`.
            present: (B, 3), 1 where the sample has the stream.
        """
        raise NotImplementedError
