"""MMSA's pickles of CMU-MOSI, CMU-MOSEI (`aligned_50.pkl`, `unaligned_50.pkl`): sentiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import STREAMS, Float
from train.cache import Arrays
from train.corpora.copies.converted import converted
from train.corpora.copies.pickled_splits import splits_of
from train.corpora.copies.samples import SPLITS, Samples, texts
from train.corpora.copies.sentiment import sentiment_targets
from train.corpora.copies.steps import shortened, valid_first, without_minus_infinity
from train.corpora.copies.unpickle import read_pickle

FIELDS = (*STREAMS, "regression_labels", "id")
CLIP_MARK = "$_$"


def is_mmsa(tree: Any) -> bool:
    """Whether the data of a pickle has MMSA's layout."""
    return (
        isinstance(tree, dict)
        and isinstance(tree.get("train"), dict)
        and "regression_labels" in tree["train"]
    )


def read_mmsa(path: Path, target: str = "regression", steps: int | None = None) -> Samples:
    """Read a file, by video and with its own splits.

    Args:
        target: one of `sentiment.TARGETS`.
        steps: most steps of a sequence; longer ones are averaged.

    Raises:
        DataError: A field is missing, the labels contradict each other, or as `read_pickle`.
    """
    raw = converted([path], "mmsa", lambda: _arrays(path))
    sentiment = raw["sentiment"].astype(np.float64)
    task, labels, targets, keep = sentiment_targets(sentiment, target, str(path))
    streams, lengths = {}, {}
    for name in STREAMS:
        x = raw[name][keep]
        if name == "audio":
            x = without_minus_infinity(x)
        if f"{name}_lengths" in raw:
            lengths[name] = _lengths(raw[f"{name}_lengths"][keep], x, f"{path}: {name}_lengths")
            streams[name] = x
        else:
            streams[name], lengths[name] = valid_first(x)
        streams[name], lengths[name] = shortened(streams[name], lengths[name], steps)
    ids = raw["id"][keep]
    groups = np.array([name.split(CLIP_MARK)[0] for name in ids], np.str_)
    splits = raw["split"][keep]
    return Samples(str(path), "mmsa", task, labels, streams, lengths, splits, targets, groups, ids)


def _arrays(path: Path) -> Arrays:
    tree = read_pickle(path)
    if not is_mmsa(tree):
        raise DataError(f"{path} is not a file of MMSA: it has no train/regression_labels.")
    found: dict[str, list[NDArray[Any]]] = {}
    for theirs, ours, split in splits_of(tree, FIELDS, path):
        sentiment = np.asarray(split["regression_labels"], np.float64).reshape(-1)
        _agree(split, sentiment, f"{path}: {theirs}")
        one: Arrays = {name: np.asarray(split[name], np.float32) for name in STREAMS}
        one |= {
            f"{name}_lengths": np.asarray(split[f"{name}_lengths"], np.int64).reshape(-1)
            for name in ("audio", "vision")
            if f"{name}_lengths" in split
        }
        if (told := _text_lengths(split, one["text"])) is not None:
            one["text_lengths"] = told
        one |= {"sentiment": sentiment, "id": texts(split["id"])}
        one["split"] = np.full(len(sentiment), ours)
        for name, values in one.items():
            _as_many(values, name, len(sentiment), f"{path}: {theirs}")
            found.setdefault(name, []).append(values)
    if partial := [name for name, values in found.items() if len(values) < len(SPLITS)]:
        raise DataError(f"{path}: only some splits have the field '{partial[0]}'.")
    return {name: np.concatenate(values) for name, values in found.items()}


def _text_lengths(split: dict[str, Any], text: NDArray[Any]) -> NDArray[np.int64] | None:
    """BERT's vectors of padding are not zeros; its mask is the second row of text_bert."""
    bert = np.asarray(split.get("text_bert", ()), np.float32)
    if bert.ndim != 3 or bert.shape[1] != 3 or bert.shape[::2] != text.shape[:2]:
        return None
    return np.asarray((bert[:, 1] > 0).sum(axis=1), np.int64)


def _agree(split: dict[str, Any], sentiment: NDArray[np.float64], where: str) -> None:
    """The classes 0, 1, 2 must mean negative, neutral, positive: a file's claim is not trusted."""
    if "classification_labels" not in split:
        return
    classes = np.asarray(split["classification_labels"], np.float64).reshape(-1)
    expected = np.sign(sentiment) + 1
    if len(classes) != len(sentiment):
        raise DataError(
            f"{where}: classification_labels has {len(classes)} samples, regression_labels"
            f" {len(sentiment)}: they must be as many."
        )
    if (wrong := classes != expected).any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{where}: row {row} has the class {classes[row]:g} and the sentiment"
            f" {sentiment[row]:g}: the classes must be 0 negative, 1 neutral, 2 positive."
        )


def _as_many(values: NDArray[Any], name: str, count: int, where: str) -> None:
    if len(values) != count or (name in STREAMS and values.ndim != 3):
        form = f"({count} samples, steps, features)" if name in STREAMS else f"({count} samples)"
        raise DataError(
            f"{where}: {name} has the shape {list(values.shape)}: it must be {form}, as many as"
            " labels."
        )


def _lengths(lengths: NDArray[np.int64], x: Float, where: str) -> NDArray[np.int64]:
    if len(lengths) != len(x) or lengths.min() < 0 or lengths.max() > x.shape[1]:
        raise DataError(
            f"{where}: a length is {int(lengths.min())} or {int(lengths.max())}: the sequences have"
            f" {x.shape[1]} steps."
        )
    return np.where((x != 0).any(axis=(1, 2)), lengths, 0)
