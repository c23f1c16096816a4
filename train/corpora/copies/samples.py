"""What a data set's file contains, before features are scaled and splits are checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import STREAMS, Float
from train.corpora.corpus import Corpus, check, part
from train.corpora.features import FAR
from train.task import Task

BLOCK = 256
"""Samples that are worked on at once: MOSEI's features take gigabytes, and copies of them too."""
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


def scaled_steps(
    x: Float, valid: NDArray[np.bool_], counted: NDArray[np.bool_], name: str
) -> Float:
    """Features with mean 0 and standard deviation 1 over some steps; columns that are constant
    there are removed, and steps that are not valid are 0.

    Args:
        x: (N, T, D).
        valid: (N, T).
        counted: (N, T), the steps from which mean and deviation are computed.

    Raises:
        DataError: NaN or inf, or every column is constant.
    """
    blocks = [slice(first, first + BLOCK) for first in range(0, len(x), BLOCK)]
    bad = np.concatenate([~np.isfinite(x[rows]).all(axis=(1, 2)) for rows in blocks])
    if bad.any():
        raise DataError(
            f"{name} holds NaN or inf in {int(bad.sum())} samples (first: row"
            f" {int(np.argmax(bad))}): correct them, or leave those samples out."
        )
    count = int(counted.sum())
    if not count:
        raise DataError(f"{name} is empty in every training sample: leave the stream out.")
    total = sum(x[rows][counted[rows]].sum(axis=0, dtype=np.float64) for rows in blocks)
    mean = np.asarray(total / count)
    squares = sum(np.square(x[rows][counted[rows]] - mean).sum(axis=0) for rows in blocks)
    deviation = np.sqrt(squares / count)
    varies = deviation > 1e-6 * np.maximum(1.0, np.abs(mean))
    if not varies.any():
        raise DataError(f"{name} is the same in every training sample: leave the stream out.")
    out = np.zeros((*x.shape[:2], int(varies.sum())), np.float32)
    for rows in blocks:
        z = (x[rows][valid[rows]][:, varies] - mean[varies]) / deviation[varies]
        out[rows][valid[rows]] = np.clip(z, -FAR, FAR)
    return out


def valid_first(x: Float) -> tuple[Float, NDArray[np.int64]]:
    """Sequences (N, T, D) without the zeros before and after them, moved to the start, and their
    lengths (N,). MulT's files are padded in front, MMSA's behind."""
    there = (x != 0).any(axis=2)
    first = np.argmax(there, axis=1)
    last = x.shape[1] - np.argmax(there[:, ::-1], axis=1)
    lengths = np.where(there.any(axis=1), last - first, 0).astype(np.int64)
    if not first.any():
        return x, lengths
    out = np.zeros_like(x)
    for row, (begin, length) in enumerate(zip(first, lengths, strict=True)):
        out[row, :length] = x[row, begin : begin + length]
    return out, lengths


def shortened(
    x: Float, lengths: NDArray[np.int64], steps: int | None
) -> tuple[Float, NDArray[np.int64]]:
    """Sequences (N, T, D) of at most `steps` steps, each the mean of as many neighbours in all
    samples, and their lengths; unchanged where `steps` is None.

    Raises:
        DataError: `steps` is not a number of at least 1.
    """
    if steps is None:
        return x, lengths
    if not isinstance(steps, int) or steps < 1:
        raise DataError(f"The option steps is {steps!r}: it must be a whole number, at least 1.")
    width = -(-x.shape[1] // steps)
    starts = np.arange(0, x.shape[1], width)
    valid = np.arange(x.shape[1]) < lengths[:, None]
    counts = np.add.reduceat(valid, starts, axis=1, dtype=np.int64)
    out = np.zeros((len(x), len(starts), x.shape[2]), np.float32)
    for first in range(0, len(x), BLOCK):
        rows = slice(first, first + BLOCK)
        kept = np.where(valid[rows, :, None], x[rows], np.float32(0))
        out[rows] = np.add.reduceat(kept, starts, axis=1)
    out /= np.maximum(counts, 1)[:, :, None].astype(np.float32)
    return out, (counts > 0).sum(axis=1)


def without_minus_infinity(sound: Float) -> Float:
    """COVAREP gives -inf where it cannot measure; 0 instead, as everywhere in the field."""
    return np.where(np.isneginf(sound), np.float32(0), sound)


def texts(values: Iterable[object]) -> NDArray[np.str_]:
    """Ids as text; bytes are decoded, and (video, start, end) is joined by a slash."""

    def one(value: object) -> str:
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if isinstance(value, (list, tuple, np.ndarray)):
            return "/".join(one(item) for item in value)
        return str(value)

    return np.array([one(value) for value in values], np.str_)
