"""MulT's pickles: `mosi_data.pkl`, `mosei_senti_data.pkl`, `iemocap_data.pkl`, and `_noalign`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import Float
from train.cache import Arrays
from train.corpora.copies.converted import converted
from train.corpora.copies.pickled_splits import splits_of
from train.corpora.copies.samples import Samples, texts
from train.corpora.copies.sentiment import sentiment_targets
from train.corpora.copies.steps import shortened, valid_first, without_minus_infinity
from train.corpora.copies.unpickle import read_pickle
from train.task import Task

STREAM_FIELDS = ("text", "audio", "vision")
EMOTIONS = ("neutral", "happy", "sad", "angry")
"""Of IEMOCAP, in the order of the file; each is (no, yes)."""


def is_mult(tree: Any) -> bool:
    """Whether the data of a pickle has MulT's layout."""
    return (
        isinstance(tree, dict)
        and isinstance(tree.get("train"), dict)
        and "labels" in tree["train"]
        and "vision" in tree["train"]
    )


def read_mult(path: Path, target: str = "", steps: int | None = None) -> Samples:
    """Read a file with its own splits. The group is the video where the file has ids; IEMOCAP's has
    none, so there each sample is a group.

    Args:
        target: one of `sentiment.TARGETS` for MOSI and MOSEI (regression without it); `emotions`,
            the only one, for IEMOCAP.
        steps: most steps of a sequence; longer ones are averaged.

    Raises:
        DataError: A field is missing, labels are wrong, or as `read_pickle`.
    """
    raw = converted([path], "mult", lambda: _arrays(path))
    labels = raw["labels"].astype(np.float64)
    task: Task
    names: tuple[str, ...]
    targets: NDArray[np.int64] | Float
    if labels.shape[1:] == (len(EMOTIONS), 2):
        task, names, targets = "labels", EMOTIONS, _emotions(labels, target, path)
        keep = np.ones(len(labels), bool)
    else:
        sentiment = labels.reshape(len(labels), -1)[:, 0]
        task, names, targets, keep = sentiment_targets(sentiment, target or "regression", str(path))
    streams, lengths = {}, {}
    for name in STREAM_FIELDS:
        x = raw[name][keep]
        x = without_minus_infinity(x) if name == "audio" else x
        streams[name], lengths[name] = shortened(*valid_first(x), steps)
    splits, ids = raw["split"][keep], raw["id"][keep]
    groups = raw["group"][keep]
    return Samples(str(path), "mult", task, names, streams, lengths, splits, targets, groups, ids)


def _arrays(path: Path) -> Arrays:
    tree = read_pickle(path)
    if not is_mult(tree):
        raise DataError(f"{path} is not a file of MulT: it has no train/labels and train/vision.")
    found: dict[str, list[NDArray[Any]]] = {}
    for theirs, ours, split in splits_of(tree, (*STREAM_FIELDS, "labels"), path):
        labels = np.asarray(split["labels"], np.float32)
        one: dict[str, NDArray[Any]] = {"labels": labels, "split": np.full(len(labels), ours)}
        for name in STREAM_FIELDS:
            one[name] = np.asarray(split[name], np.float32)
            if one[name].ndim != 3 or len(one[name]) != len(labels):
                raise DataError(
                    f"{path}: {theirs}: {name} has the shape {list(one[name].shape)}: it must be"
                    f" ({len(labels)} samples, steps, features), as many as labels."
                )
        one["id"], one["group"] = _names(split.get("id"), theirs, len(labels), path)
        for name, values in one.items():
            found.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in found.items()}


def _names(
    given: Any, split: str, count: int, path: Path
) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Ids and groups: the video of (video, start, end) or of `video[k]`."""
    if given is None:
        own = np.array([f"{split}/{row}" for row in range(count)], np.str_)
        return own, own
    ids = texts(given)
    if len(ids) != count:
        raise DataError(
            f"{path}: {split}: id has {len(ids)} samples, the labels have {count}: they must be as"
            " many."
        )
    return ids, np.array([name.split("/")[0].split("[")[0] for name in ids], np.str_)


def _emotions(labels: NDArray[np.float64], target: str, path: Path) -> Float:
    if target not in ("", "emotions"):
        raise DataError(f"The option target is '{target}': IEMOCAP of MulT has only 'emotions'.")
    wrong = ~(np.isin(labels, (0, 1)).all(axis=(1, 2)) & (labels.sum(axis=2) == 1).all(axis=1))
    if wrong.any():
        raise DataError(
            f"{path}: the labels of row {int(np.argmax(wrong))} are not one-hot: each of"
            f" {', '.join(EMOTIONS)} must be (1, 0) or (0, 1)."
        )
    return np.asarray(labels.argmax(axis=2), np.float32)
