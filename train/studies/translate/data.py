"""A corpus' streams as tensors, with a validation split that shares no group with training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge.types import STREAMS
from train.corpora.corpus import Corpus, Part
from train.corpora.splits import cut


class Sequences(NamedTuple):
    """Samples of one stream: features (B, T, D), number of valid steps (B,), and step of the target
    (B,), -1 for the whole sequence."""

    x: Tensor
    lengths: Tensor
    focus: Tensor

    def at(self, rows: Tensor) -> Sequences:
        """The samples at `rows`."""
        return Sequences(self.x[rows], self.lengths[rows], self.focus[rows])

    @property
    def counts(self) -> Tensor:
        """bool (B, T): True for steps that are not padding."""
        return torch.arange(self.x.shape[1])[None] < self.lengths[:, None]


@dataclass(frozen=True)
class CorpusSplits:
    """Training, validation and test split of one run."""

    train: Part
    val: Part
    test: Part


def split_corpus(corpus: Corpus, val_share: float, seed: int) -> CorpusSplits:
    """Splits with the corpus' own validation, or one drawn by group and stratified by class.

    Raises:
        DataError: As `cut`.
    """
    train, test = corpus.parts["train"], corpus.parts["test"]
    if "val" in corpus.parts:
        return CorpusSplits(train, corpus.parts["val"], test)
    kept, held = cut(corpus, train, val_share, seed)
    return CorpusSplits(kept, held, test)


def with_stream(part: Part, stream: str) -> Part:
    """The samples that have the stream."""
    return part.take(part.present[:, STREAMS.index(stream)])


def sequences(part: Part, stream: str) -> Sequences:
    """One stream of a split; a sample without it is one step of zeros."""
    return Sequences(
        torch.from_numpy(np.asarray(part.streams[stream], np.float32)),
        torch.from_numpy(np.maximum(part.lengths[stream], 1)),
        torch.from_numpy(part.focus),
    )


def class_weights(targets: NDArray[np.int64], classes: int, class_balance: float) -> Tensor:
    """Weights (C,) for the cross-entropy, 1 on average over the samples."""
    counts = np.maximum(np.bincount(targets, minlength=classes), 1)
    weight = (1.0 / counts) ** class_balance
    weight /= weight[targets].mean()
    return torch.from_numpy(weight.astype(np.float32))
