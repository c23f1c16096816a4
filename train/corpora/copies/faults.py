"""What is wrong with a data set: splits, streams and labels."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from train.corpora.copies.samples import Samples


def faults_of(samples: Samples) -> list[str]:
    """One sentence for each fault that would stop training."""
    return [
        *_split_faults(samples),
        *_stream_faults(samples),
        *_label_faults(samples),
    ]


def _splits(samples: Samples) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    for split in ("train", "val", "test"):
        rows = samples.splits == split
        if rows.any():
            yield split, rows


def _named(samples: Samples, place: int) -> NDArray[np.bool_]:
    if samples.task == "classes":
        return np.asarray(samples.targets == place)
    return np.asarray(samples.targets[:, place] > 0)


def _split_faults(samples: Samples) -> Iterator[str]:
    splits = dict(_splits(samples))
    for split in ("train", "test"):
        if split not in splits:
            yield f"The split '{split}' is missing or empty."
    for one, other in combinations(splits, 2):
        both = set(samples.groups[splits[one]]) & set(samples.groups[splits[other]])
        if both:
            yield f"{len(both)} groups are in '{one}' and in '{other}' (first: {min(both)})."


def _stream_faults(samples: Samples) -> Iterator[str]:
    train = samples.splits == "train"
    for name, x in samples.streams.items():
        finite = np.isfinite(x)
        if not finite.all():
            nan, rows = int(np.isnan(x).sum()), ~finite.all(axis=(1, 2))
            inf = int(finite.size - finite.sum()) - nan
            first = samples.ids[int(np.argmax(rows))]
            yield (
                f"{name} has {nan} NaN and {inf} inf in {int(rows.sum())} samples (first: {first})."
            )
        valid = np.arange(x.shape[1]) < samples.lengths[name][:, None]
        rows_of_train = x[valid & train[:, None]]
        if not len(rows_of_train):
            yield f"{name} is empty in every training sample."
        elif (rows_of_train == rows_of_train[0]).all():
            yield f"{name} is the same in every training sample."


def _label_faults(samples: Samples) -> Iterator[str]:
    if samples.task == "regression":
        for place, label in enumerate(samples.labels):
            if not np.ptp(samples.targets[:, place]):
                yield f"{label} is the same in every sample."
        return
    for place, label in enumerate(samples.labels):
        if not _named(samples, place)[samples.splits == "train"].any():
            yield f"No training sample has the label '{label}'."
