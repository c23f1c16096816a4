"""The fusion graph of a run that was trained on one or two of the three streams."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge.frontends import QUALITY
from edge.types import MASKS, STREAMS, masks_of
from export.graphs.modules import FusionGraph


class FewerStreamsGraph(nn.Module):
    """Maps `embeddings` (S, D) and `quality` (Q,) of S streams to the answers (M, C), `confidence`
    (M,) and `reliability` (S,) of the M masks of these streams.

    The networks keep their places for three streams, as they were trained: an absent one has a zero
    embedding and mean signals, and is in none of the masks.
    """

    rows: Tensor
    places: Tensor
    take_embeddings: Tensor
    take_signals: Tensor
    nothing: Tensor
    mean: Tensor

    def __init__(self, whole: FusionGraph, streams: tuple[str, ...], embedding_size: int) -> None:
        """`streams`: in the order of `edge.types.STREAMS`."""
        super().__init__()
        self.whole = whole
        rows = [MASKS.index(mask) for mask in masks_of(streams)]
        self.register_buffer("rows", torch.tensor(rows))
        self.register_buffer("places", torch.tensor([STREAMS.index(s) for s in streams]))
        # What is given comes first; what stands for the absent streams is appended to it.
        at = [streams.index(s) if s in streams else len(streams) for s in STREAMS]
        self.register_buffer("take_embeddings", torch.tensor(at))
        self.register_buffer("nothing", torch.zeros(1, embedding_size))
        own = own_signals(streams)
        self.register_buffer("take_signals", torch.argsort(torch.cat([own, others(streams)])))
        mean = whole.confidence.reliability.mean.detach()
        self.register_buffer("mean", mean[others(streams)].clone())

    def forward(self, embeddings: Tensor, quality: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See the class."""
        # Not by brackets: those become GatherND, which the graphs of this project do without.
        every = torch.cat([embeddings, self.nothing]).index_select(0, self.take_embeddings)
        signals = torch.cat([quality, self.mean]).index_select(0, self.take_signals)
        answers, confidence, reliability = self.whole(every, signals)
        return (
            answers.index_select(0, self.rows),
            confidence.index_select(0, self.rows),
            reliability.index_select(0, self.places),
        )


def own_signals(streams: tuple[str, ...]) -> Tensor:
    """The places (Q,) of the signals of `streams` among those of all."""
    of = [stream for stream in STREAMS for _ in QUALITY[stream]]
    return torch.tensor([place for place, stream in enumerate(of) if stream in streams])


def others(streams: tuple[str, ...]) -> Tensor:
    """The places of the signals of the other streams."""
    return own_signals(tuple(stream for stream in STREAMS if stream not in streams))
