"""The data type of an aligned corpus: streams with targets, split by group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import STREAMS, Float
from train.task import Task


@dataclass(frozen=True)
class Part:
    """Samples of one split. The first axis of every array is the sample, N of them.

    Attributes:
        streams: by name of `STREAMS`, float32, shape (N, T, D); T and D may differ by stream. A
            stream that the corpus lacks is left out.
        lengths: by stream, int64, shape (N,): valid steps; the others are zero padding.
        focus: int64, shape (N,): the step to which the target belongs, if the sequence is its
            context (the utterances of a video); -1 if the whole sequence is the sample.
        present: bool, shape (N, 3), in the order of `STREAMS`.
        targets: int64 (N,) for classes; float32 (N, K), 0 or 1, for labels; float32 (N, K) for
            regression.
        groups: shape (N,), text: the video, actor or dialogue; no group is in two splits.
        ids: shape (N,), text.
    """

    streams: dict[str, Float]
    lengths: dict[str, NDArray[np.int64]]
    focus: NDArray[np.int64]
    present: NDArray[np.bool_]
    targets: NDArray[np.int64] | Float
    groups: NDArray[np.str_]
    ids: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Part:
        """The samples at `rows`, in that order."""
        return Part(
            {name: array[rows] for name, array in self.streams.items()},
            {name: array[rows] for name, array in self.lengths.items()},
            self.focus[rows],
            self.present[rows],
            self.targets[rows],
            self.groups[rows],
            self.ids[rows],
        )


@dataclass(frozen=True)
class Corpus:
    """A task and its splits: "train", "test" and, if the corpus defines it, "val"."""

    name: str
    task: Task
    labels: tuple[str, ...]
    parts: dict[str, Part]

    @property
    def streams(self) -> tuple[str, ...]:
        """Streams of the corpus, in the order of `STREAMS`."""
        return tuple(name for name in STREAMS if name in self.parts["train"].streams)

    @property
    def dims(self) -> dict[str, int]:
        """Number of features of one step, by stream."""
        train = self.parts["train"]
        return {name: train.streams[name].shape[2] for name in self.streams}


def part(
    streams: dict[str, Float],
    targets: NDArray[np.int64] | Float,
    groups: NDArray[np.str_],
    ids: NDArray[np.str_],
    *,
    lengths: dict[str, NDArray[np.int64]] | None = None,
    focus: NDArray[np.int64] | None = None,
    present: NDArray[np.bool_] | None = None,
) -> Part:
    """A part with defaults: full lengths, no focus (-1), all streams present."""
    count = len(targets)
    if present is None:
        present = np.zeros((count, len(STREAMS)), bool)
        for place, name in enumerate(STREAMS):
            present[:, place] = name in streams
    if lengths is None:
        lengths = {name: np.full(count, x.shape[1], np.int64) for name, x in streams.items()}
    if focus is None:
        focus = np.full(count, -1, np.int64)
    return Part(streams, lengths, focus, present, targets, groups, ids)


def check(corpus: Corpus, where: str) -> Corpus:
    """Validate a corpus, and return it.

    Raises:
        DataError: Unequal lengths, NaN or inf, a missing split, an empty class, a constant stream,
            or a group in two splits. The message names `where` (the file) and the field.
    """
    for split in ("train", "test"):
        if split not in corpus.parts or not len(corpus.parts[split]):
            raise DataError(f"{where}: the split '{split}' is missing or empty.")
    for split, one in corpus.parts.items():
        _check_part(one, f"{where}: {split}")
    _check_groups(corpus, where)
    _check_targets(corpus, where)
    for name, x in corpus.parts["train"].streams.items():
        rows = x[corpus.parts["train"].present[:, STREAMS.index(name)]]
        if not len(rows) or float(np.ptp(rows, axis=0).max()) == 0.0:
            raise DataError(f"{where}: train: {name} is the same in every sample.")
    return corpus


def _check_part(one: Part, where: str) -> None:
    count = len(one)
    for name, x in one.streams.items():
        if name not in STREAMS:
            raise DataError(f"{where}: '{name}' is not a stream: use {', '.join(STREAMS)}.")
        if x.ndim != 3 or len(x) != count or len(one.lengths[name]) != count:
            raise DataError(
                f"{where}: {name} has {len(x)} samples of shape {x.shape[1:]}, "
                f"the targets {count}: they must be as many, each (steps, features)."
            )
        bad = ~np.isfinite(x).all(axis=(1, 2))
        if bad.any():
            first = one.ids[int(np.argmax(bad))]
            raise DataError(
                f"{where}: {name} holds NaN or inf in {int(bad.sum())} samples (first: {first})."
            )
    if not np.isfinite(one.targets).all():
        raise DataError(f"{where}: the targets hold NaN or inf.")
    for field in ("focus", "present", "groups", "ids"):
        if len(getattr(one, field)) != count:
            raise DataError(f"{where}: {field} has {len(getattr(one, field))} rows, not {count}.")


def _check_groups(corpus: Corpus, where: str) -> None:
    splits = list(corpus.parts)
    for at, split in enumerate(splits):
        for other in splits[at + 1 :]:
            both = set(corpus.parts[split].groups) & set(corpus.parts[other].groups)
            if both:
                raise DataError(
                    f"{where}: {sorted(both)[0]} is in both '{split}' and '{other}': "
                    "put each group into one split, or the model is tested on training data."
                )


def _check_targets(corpus: Corpus, where: str) -> None:
    for split, one in corpus.parts.items():
        _check_range(one, corpus, f"{where}: {split}")
    targets = corpus.parts["train"].targets
    if corpus.task == "regression":
        return
    if corpus.task == "classes":
        counts = np.bincount(targets.astype(np.int64), minlength=len(corpus.labels))
    else:
        counts = targets.sum(axis=0)
    for label, count in zip(corpus.labels, counts, strict=True):
        if count == 0:
            raise DataError(f"{where}: train: no sample has the label '{label}'.")


def _check_range(one: Part, corpus: Corpus, where: str) -> None:
    """Classes are numbers of labels; several labels are a column each, of 0 and 1; numbers are a
    column each."""
    targets, count = one.targets, len(corpus.labels)
    if corpus.task == "classes":
        if targets.ndim != 1:
            raise DataError(f"{where}: the targets have the shape {targets.shape}, not (samples,).")
        wrong = (targets < 0) | (targets >= count) | (targets != np.floor(targets))
        if wrong.any():
            first = int(np.argmax(wrong))
            raise DataError(
                f"{where}: a target is {targets[first]:g} (first: {one.ids[first]}): classes are"
                f" numbered 0 to {count - 1}."
            )
        return
    columns = targets.shape[1] if targets.ndim == 2 else 1
    if columns != count or targets.ndim > 2:
        raise DataError(
            f"{where}: the targets have {columns} labels, but the corpus names {count}."
        )
    if corpus.task == "labels" and (other := (targets != 0) & (targets != 1)).any():
        row = int(np.argmax(other.reshape(len(targets), -1).any(axis=1)))
        raise DataError(
            f"{where}: a target of {one.ids[row]} is neither 0 nor 1: of several labels each is"
            " there or not."
        )
