"""A corpus as tensors, split by group: fit, held-out (only for ConfidNet), val and test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge.types import STREAMS
from train.corpora.corpus import Corpus, Part
from train.corpora.splits import cut, hide
from train.models.fusion import StreamBatch
from train.task import Task


@dataclass(frozen=True)
class TensorPart:
    """One split as tensors."""

    streams: tuple[StreamBatch, StreamBatch, StreamBatch]
    targets: Tensor
    groups: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, rows: slice) -> TensorPart:
        """Consecutive samples."""
        return self.at(torch.arange(len(self))[rows])

    def at(self, rows: Tensor) -> TensorPart:
        """The samples at `rows`."""
        text, audio, vision = (StreamBatch(*(part[rows] for part in s)) for s in self.streams)
        return TensorPart((text, audio, vision), self.targets[rows], self.groups[rows.numpy()])

    def join(self, other: TensorPart | None) -> TensorPart:
        """These samples, then those of `other`."""
        if other is None:
            return self
        text, audio, vision = (
            StreamBatch(*(torch.cat(pair) for pair in zip(a, b, strict=True)))
            for a, b in zip(self.streams, other.streams, strict=True)
        )
        return TensorPart(
            (text, audio, vision),
            torch.cat([self.targets, other.targets]),
            np.concatenate([self.groups, other.groups]),
        )


@dataclass(frozen=True)
class TensorSplits:
    """The splits of one seed."""

    task: Task
    labels: tuple[str, ...]
    dims: tuple[int, int, int]
    fit: TensorPart
    held_out: TensorPart
    val: TensorPart
    test: TensorPart
    scale: float
    """Standard deviation of the training targets for regression; else 1."""
    unlabelled: TensorPart | None = None
    """Training samples whose targets are hidden: the task's loss never reads them."""

    @property
    def outputs(self) -> int:
        """Number of outputs of a model."""
        return len(self.labels)

    def fingerprint(self) -> str:
        """Digest of the samples of all splits, in order."""
        total = hashlib.sha256()
        hidden = () if self.unlabelled is None else (self.unlabelled,)
        for part in (self.fit, self.held_out, self.val, self.test, *hidden):
            total.update("\n".join(part.groups.tolist()).encode())
            for tensor in (part.targets, *(stream.x for stream in part.streams)):
                total.update(np.ascontiguousarray(tensor.numpy()).tobytes())
        return total.hexdigest()[:16]


def tensor_splits(
    corpus: Corpus, val_share: float, held_out_share: float, seed: int, labelled_share: float = 1.0
) -> TensorSplits:
    """Cut the training split by group; the corpus' own validation split is used if it has one.

    Args:
        labelled_share: share of `fit` that keeps its targets; the rest is `unlabelled`.

    Raises:
        DataError: There are too few groups, or a class has no sample in `fit`.
    """
    train, test = corpus.parts["train"], corpus.parts["test"]
    if "val" in corpus.parts:
        val = corpus.parts["val"]
    else:
        train, val = cut(corpus, train, val_share, seed)
    fit, held = cut(corpus, train, held_out_share, seed + 7919)
    hidden = None
    if labelled_share < 1.0:
        fit, hidden = hide(corpus, fit, labelled_share, seed + 104729)
    dims = tuple(corpus.dims.get(name, 0) for name in STREAMS)
    assert len(dims) == 3
    regression = corpus.task == "regression"
    return TensorSplits(
        task=corpus.task,
        labels=corpus.labels,
        dims=dims,
        fit=_tensors(fit, dims),
        held_out=_tensors(held, dims),
        val=_tensors(val, dims),
        test=_tensors(test, dims),
        scale=max(float(np.std(fit.targets)), 1e-6) if regression else 1.0,
        unlabelled=None if hidden is None else _tensors(hidden, dims),
    )


def _tensors(part: Part, dims: tuple[int, ...]) -> TensorPart:
    streams = []
    for place, (name, dim) in enumerate(zip(STREAMS, dims, strict=True)):
        x = part.streams[name] if dim else np.zeros((len(part), 1, 1), np.float32)
        lengths = part.lengths[name] if dim else np.ones(len(part), np.int64)
        streams.append(
            StreamBatch(
                torch.from_numpy(np.ascontiguousarray(x, np.float32)),
                torch.from_numpy(np.maximum(lengths, 1)),
                torch.from_numpy(part.focus),
                torch.from_numpy(part.present[:, place].copy()),
            )
        )
    text, audio, vision = streams
    return TensorPart((text, audio, vision), torch.from_numpy(part.targets), part.groups)
