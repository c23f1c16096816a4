"""Four splits of a recorded corpus that share no person."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from edge.errors import DataError
from train.corpora.recorded.corpus import RecordedCorpus
from train.corpora.recorded.samples import Sample, labels_of
from train.corpora.splits import TRIES
from train.stages.recorded.config import Shares
from train.task import Task

STRATA = 4
"""Of numbers."""
HOW = "label some more, or give the table a column 'split'"


def split_samples(corpus: RecordedCorpus, shares: Shares, seed: int) -> dict[str, list[Sample]]:
    """Labelled samples by split: "train", "held_out", "val" and "test".

    The table's own splits are kept; what it leaves open is cut by person, and so are a missing
    "test", "val" and "held_out". Every label remains in "train".

    Raises:
        DataError: There are too few persons, or a label does not remain in "train".
    """
    where = str(corpus.folder)
    splits: dict[str, list[Sample]] = {"train": [], "held_out": [], "val": [], "test": []}
    for sample in corpus.samples:
        if sample.label is not None:
            splits[sample.split or "train"].append(sample)
    for name, share in (("test", shares.test), ("val", shares.val), ("held_out", shares.held_out)):
        if not splits[name]:
            splits["train"], splits[name] = _cut(
                splits["train"], corpus.task, share, seed, where, name
            )
    have = _labels(splits["train"], corpus.task)
    if missing := [label for label in corpus.labels if label not in have]:
        raise DataError(f"{where}: no training sample has the label '{missing[0]}': {HOW}.")
    if not splits["train"]:
        raise DataError(f"{where}: no training sample has a number: {HOW}.")
    return splits


def _cut(
    samples: list[Sample], task: Task, share: float, seed: int, where: str, name: str
) -> tuple[list[Sample], list[Sample]]:
    """Cut about `share` of the persons off, stratified by label."""
    persons = np.array([sample.person for sample in samples])
    folds = max(2, round(1 / share))
    if len(np.unique(persons)) < folds:
        raise DataError(
            f"{where}: {len(np.unique(persons))} persons are left for training when '{name}' is cut"
            f" off, which needs {folds}: {HOW}; leave 'person' empty to split by file."
        )
    targets = _strata(samples, task, folds)
    if np.bincount(targets).max() < folds:
        raise DataError(
            f"{where}: no label has {folds} samples left for training when '{name}' is cut off:"
            f" {HOW}."
        )
    before = _labels(samples, task)
    rows = np.arange(len(samples))
    for again in range(TRIES):
        folded = StratifiedGroupKFold(folds, shuffle=True, random_state=seed + again)
        kept, apart = next(folded.split(rows, targets, persons))
        if _labels(_at(samples, kept), task) == before:
            return _at(samples, kept), _at(samples, apart)
    raise DataError(
        f"{where}: a label has so few persons that none is left for training when '{name}' is cut"
        f" off: {HOW}."
    )


def _labels(samples: list[Sample], task: Task) -> set[str]:
    return {label for sample in samples for label in labels_of(sample.label, task)}


def _strata(samples: list[Sample], task: Task, folds: int) -> NDArray[np.int64]:
    """What the cut keeps balanced, by sample: its label, its rarest one, or where its number
    stands among the others."""
    if task == "regression":
        values = np.array([float(str(sample.label)) for sample in samples])
        parts = max(1, min(STRATA, len(samples) // folds))
        limits = np.quantile(values, np.arange(1, parts) / parts)
        return np.asarray(np.searchsorted(limits, values, side="right"), np.int64)
    uses = Counter(label for sample in samples for label in labels_of(sample.label, task))
    rarest = [
        min(labels_of(sample.label, task), key=lambda label: (uses[label], label))
        for sample in samples
    ]
    return np.asarray(np.unique(rarest, return_inverse=True)[1], np.int64)


def _at(samples: list[Sample], rows: NDArray[np.int64]) -> list[Sample]:
    return [samples[row] for row in rows]
