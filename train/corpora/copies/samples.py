"""What a data set's file contains, before features are scaled and splits are checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import STREAMS, Float
from train.corpora.copies.steps import scaled_steps
from train.corpora.corpus import Corpus, check, part
from train.task import Task

SPLITS = {"train": "train", "valid": "val", "test": "test"}
"""The splits of MMSA, MulT and TAILOR, and their names here."""


@dataclass
class Samples:
    """All samples of a data set, N of them.

    Attributes:
        where: the file or folder, for messages.
        streams: by name of `STREAMS`, float32 (N, T, D), valid steps first.
        lengths: by stream, int64 (N,): valid steps; 0 where the sample lacks the stream.
        splits: (N,), text: train, val or test.
        targets, groups, ids: as in `Part`.
        focus: as in `Part`; None for whole sequences.
    """

    where: str
    name: str
    task: Task
    labels: tuple[str, ...]
    streams: dict[str, Float]
    lengths: dict[str, NDArray[np.int64]]
    splits: NDArray[np.str_]
    targets: NDArray[np.int64] | Float
    groups: NDArray[np.str_]
    ids: NDArray[np.str_]
    focus: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.targets)


def corpus_of(samples: Samples) -> Corpus:
    """Scale the features by the training split, cut the splits, and check.

    Raises:
        DataError: As `check`.
    """
    same_number(samples)
    train = samples.splits == "train"
    if not train.any():
        raise DataError(f"{samples.where}: the split 'train' is missing or empty.")
    streams = {
        name: scaled_steps(x, *_counted(samples, name, train), f"{samples.where}: {name}")
        for name, x in samples.streams.items()
    }
    present = np.zeros((len(samples), len(STREAMS)), bool)
    for name, lengths in samples.lengths.items():
        present[:, STREAMS.index(name)] = lengths > 0
    whole = part(
        streams,
        samples.targets,
        samples.groups,
        samples.ids,
        lengths={name: np.maximum(one, 1) for name, one in samples.lengths.items()},
        focus=samples.focus,
        present=present,
    )
    parts = {
        split: whole.take(samples.splits == split)
        for split in ("train", "val", "test")
        if (samples.splits == split).any()
    }
    corpus = Corpus(samples.name, samples.task, samples.labels, parts)
    return check(corpus, samples.where)


def same_number(samples: Samples) -> None:
    """Raises: DataError, if a stream or a field has other samples than the targets."""
    count = len(samples.targets)
    fields = {**samples.streams, "ids": samples.ids, "groups": samples.groups}
    for name, values in fields.items():
        if len(values) != count:
            raise DataError(
                f"{samples.where}: {name} has {len(values)} samples, the labels have {count}: they"
                " must be as many."
            )


def _counted(
    samples: Samples, name: str, train: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Steps that are valid, and those over which features are scaled, bool (N, T): of a sample in
    its context only its own, or a long dialogue would count many times."""
    steps = np.arange(samples.streams[name].shape[1])
    valid = steps < samples.lengths[name][:, None]
    own = valid if samples.focus is None else steps == samples.focus[:, None]
    return valid, own & valid & train[:, None]


def texts(values: Iterable[object]) -> NDArray[np.str_]:
    """Ids as text; bytes are decoded, and (video, start, end) is joined by a slash."""

    def one(value: object) -> str:
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if isinstance(value, (list, tuple, np.ndarray)):
            return "/".join(one(item) for item in value)
        return str(value)

    return np.array([one(value) for value in values], np.str_)
