"""What the four fusion models have in common: three streams in, logits and vectors out.

    model(text, audio, vision, mask) -> Output

A stream that a corpus lacks comes as zeros with `present` false; so two streams run as three with
one absent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

from train.models.fusion.encoder import FocusedEncoder


class StreamBatch(NamedTuple):
    """One stream of a batch: features (B, T, D), the steps that count (B,), the step that is spoken
    of (B,), -1 for all, and whether the sample has the stream, bool (B,)."""

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
        hidden: (B, 3, H), what transfer brings together: one vector a stream, unmasked.
        parts: what the model's own losses need, by name.
    """

    logits: Tensor
    z: Tensor
    hidden: Tensor
    parts: dict[str, Tensor] = field(default_factory=dict)


class FusionModel(nn.Module):
    """Encoders of the three streams, and what fuses them.

    Args:
        dims: features a step of text, audio and vision; 0 for a stream that the corpus lacks.
        outputs: labels, or targets of a regression.
        hidden: size H of a stream's vector.
    """

    z_size: int

    def __init__(self, dims: tuple[int, int, int], outputs: int, hidden: int, dropout: float):
        super().__init__()
        self.hidden_size, self.outputs = hidden, outputs
        self.encoders = nn.ModuleList(
            FocusedEncoder(dim, hidden, dropout) if dim else nn.Identity() for dim in dims
        )
        self._dims = dims

    def encode(self, streams: tuple[StreamBatch, StreamBatch, StreamBatch]) -> Tensor:
        """A vector for each stream, (B, 3, H); zeros for one that is absent."""
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

    def forward(
        self, text: StreamBatch, audio: StreamBatch, vision: StreamBatch, mask: Tensor
    ) -> Output:
        """Answer from the streams that `mask` keeps.

        Args:
            mask: (B, 3), 1 for a stream that is kept, 0 for one that is masked before fusion.
        """
        hidden = self.encode((text, audio, vision))
        present = torch.stack([s.present for s in (text, audio, vision)], dim=1)
        return self.fuse(hidden, mask.to(hidden.dtype), present.to(hidden.dtype))

    def fuse(self, hidden: Tensor, mask: Tensor, present: Tensor) -> Output:
        """Everything behind the encoders, so that many masks of a batch share one encoding.

        Args:
            hidden: (B, 3, H).
            mask: (B, 3), as in `forward`.
            present: (B, 3), 1 where the sample has the stream.
        """
        raise NotImplementedError
