"""IEMOCAP's usual pickle of features (`IEMOCAP_features.pkl`): nine entries by dialogue.

ids, speakers, labels, text, audio, vision, sentences: {dialogue: one entry an utterance}
dialogues of train, dialogues of test
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import STREAMS
from train.cache import Arrays
from train.corpora.copies.converted import converted
from train.corpora.copies.samples import Samples
from train.corpora.copies.unpickle import read_pickle
from train.corpora.features import gathered, surroundings

LABELS = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
"""In the order of the file."""
COUNTS = (648, 1084, 1708, 1103, 1041, 1849)
"""Utterances of each label in the whole data set, by which the order is checked."""
REACH = 4
FIELDS = ("ids", "speakers", "labels", "text", "audio", "vision", "sentences")


def is_iemocap_features(tree: Any) -> bool:
    """Whether the data of a pickle has this layout."""
    return (
        isinstance(tree, (tuple, list))
        and len(tree) == len(FIELDS) + 2
        and all(isinstance(one, dict) for one in tree[: len(FIELDS)])
        and not any(isinstance(one, dict) for one in tree[len(FIELDS) :])
    )


def read_iemocap_features(path: Path, reach: int = REACH) -> Samples:
    """Read a file with its own splits; the group and the context are the dialogue.

    Args:
        reach: neighbouring utterances on each side of a sample.

    Raises:
        DataError: Fields have unequal lengths, a label is unknown or in another order, or as
            `read_pickle`.
    """
    raw = converted([path], "iemocap", lambda: _arrays(path))
    rows, lengths, focus = surroundings(raw["dialogue"], raw["place"], reach)
    return Samples(
        str(path),
        "iemocap_features",
        "classes",
        LABELS,
        {name: gathered(raw[name], rows) for name in STREAMS},
        {name: lengths for name in STREAMS},
        raw["split"],
        raw["label"],
        raw["dialogue"],
        raw["id"],
        focus,
    )


def _arrays(path: Path) -> Arrays:
    tree = read_pickle(path)
    if not is_iemocap_features(tree):
        raise DataError(f"{path} is not IEMOCAP's pickle of features: it has not nine entries.")
    fields = dict(zip(FIELDS, tree, strict=False))
    splits = {str(name): "train" for name in tree[-2]}
    for name in tree[-1]:
        if splits.setdefault(str(name), "test") != "test":
            raise DataError(f"{path}: the dialogue {name} is in train and in test.")
    found: dict[str, list[NDArray[Any]]] = {}
    for dialogue, split in sorted(splits.items()):
        where = f"{path}: {dialogue}"
        labels = _labels(_of(fields["labels"], dialogue, "labels", where), where)
        count = len(labels)
        one: Arrays = {"label": labels, "place": np.arange(count)}
        for name in STREAMS:
            one[name] = np.asarray(_of(fields[name], dialogue, name, where), np.float32)
            if one[name].ndim != 2 or len(one[name]) != count:
                raise DataError(
                    f"{where}: {name} has the shape {list(one[name].shape)}: it must be ({count}"
                    " utterances, features), as many as labels."
                )
        ids = _of(fields["ids"], dialogue, "ids", where)
        if len(ids) != count:
            raise DataError(f"{where}: ids has {len(ids)} entries, labels {count}: as many.")
        one |= {"id": np.array(list(map(str, ids)), np.str_)}
        one |= {"dialogue": np.full(count, dialogue), "split": np.full(count, split)}
        for name, values in one.items():
            found.setdefault(name, []).append(values)
    if not found:
        raise DataError(f"{path}: the split 'train' is missing or empty.")
    for name in STREAMS:
        if len(sizes := {x.shape[1] for x in found[name]}) > 1:
            raise DataError(f"{path}: {name} has {min(sizes)} to {max(sizes)} features.")
    whole = {name: np.concatenate(values) for name, values in found.items()}
    counts = np.bincount(whole["label"], minlength=len(LABELS))
    if counts.sum() == sum(COUNTS) and tuple(counts) != COUNTS:
        raise DataError(
            f"{path}: the labels have {counts.tolist()} utterances, not {list(COUNTS)}: their order"
            f" must be {', '.join(LABELS)}."
        )
    return whole


def _of(field: dict[Any, Any], dialogue: str, name: str, where: str) -> Any:
    if dialogue not in field:
        raise DataError(f"{where} has no {name}.")
    return field[dialogue]


def _labels(given: Any, where: str) -> NDArray[np.int64]:
    labels = np.asarray(given, np.float64).reshape(-1)
    wrong = ~np.isin(labels, np.arange(len(LABELS)))
    if wrong.any():
        raise DataError(
            f"{where}: the label {labels[wrong][0]:g} is unknown: labels are 0 to {len(LABELS) - 1}"
            f" for {', '.join(LABELS)}."
        )
    return labels.astype(np.int64)
