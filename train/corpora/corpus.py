"""What every reader gives and every method takes: aligned streams with targets, split by group."""

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
        lengths: by stream, int64, shape (N,): steps that count; the rest is zero padding.
        focus: int64, shape (N,): the step that the target speaks of, where the sequence is its
            surroundings (the utterances of a video); -1 where the whole sequence is the sample.
        present: bool, shape (N, 3), in the order of `STREAMS`.
        targets: int64 (N,) for classes; float32 (N, K), 0 or 1, for labels; float32 (N, K) for
            regression.
        groups: shape (N,), text: the video, actor or dialogue; no group lies in two splits.
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
    """A task and its splits: "train" and "test", and "val" where the corpus comes with one."""

    name: str
    task: Task
    labels: tuple[str, ...]
    parts: dict[str, Part]

    @property
    def streams(self) -> tuple[str, ...]:
        """Those that the corpus has, in the order of `STREAMS`."""
        return tuple(name for name in STREAMS if name in self.parts["train"].streams)

    @property
    def dims(self) -> dict[str, int]:
        """Features a step, by stream."""
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
    """A part whose lengths are full, whose focus is nowhere and whose streams are all present,
    unless given."""
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
    """The corpus itself, if nothing in it is wrong.

    Raises:
        DataError: Names `where` (the file) and the field: unequal lengths, NaN or inf, a missing
            split, an empty class, a constant stream, a group in two splits.
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
            raise DataError(f"{where}: '{name}' is not a stream; there are {', '.join(STREAMS)}.")
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
                    f"{where}: {sorted(both)[0]} lies in both '{split}' and '{other}': "
                    "a model would be tested on what it has seen."
                )


def _check_targets(corpus: Corpus, where: str) -> None:
    targets = corpus.parts["train"].targets
    if corpus.task == "regression":
        return
    if corpus.task == "classes":
        counts = np.bincount(targets.astype(np.int64), minlength=len(corpus.labels))
    else:
        counts = targets.sum(axis=0)
    if len(counts) != len(corpus.labels):
        raise DataError(
            f"{where}: train: targets name {len(counts)} labels, of which {len(corpus.labels)} "
            "are known."
        )
    for label, count in zip(corpus.labels, counts, strict=True):
        if count == 0:
            raise DataError(f"{where}: train: no sample is '{label}'.")
