"""Four splits of a recorded corpus that share no person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from edge.errors import DataError
from train.corpora.recorded.samples import Sample
from train.corpora.splits import TRIES
from train.stages.recorded.config import Shares

HOW = "label some more, or give the table a column 'split'"


def split_samples(
    samples: Sequence[Sample], labels: Sequence[str], shares: Shares, seed: int, where: str
) -> dict[str, list[Sample]]:
    """Labelled samples by split: "train", "held_out", "val" and "test".

    The table's own splits are kept; what it leaves open is cut by person, and so are a missing
    "test", "val" and "held_out". Every label remains in "train".

    Raises:
        DataError: There are too few persons, or a label does not remain in "train".
    """
    splits: dict[str, list[Sample]] = {"train": [], "held_out": [], "val": [], "test": []}
    for sample in samples:
        if sample.label is not None:
            splits[sample.split or "train"].append(sample)
    for name, share in (("test", shares.test), ("val", shares.val), ("held_out", shares.held_out)):
        if not splits[name]:
            splits["train"], splits[name] = _cut(splits["train"], labels, share, seed, where, name)
    have = {sample.label for sample in splits["train"]}
    if missing := [label for label in labels if label not in have]:
        raise DataError(f"{where}: no training sample has the label '{missing[0]}': {HOW}.")
    return splits


def _cut(
    samples: list[Sample], labels: Sequence[str], share: float, seed: int, where: str, name: str
) -> tuple[list[Sample], list[Sample]]:
    """Cut about `share` of the persons off, stratified by label."""
    persons = np.array([sample.person for sample in samples])
    targets = np.array([labels.index(str(sample.label)) for sample in samples])
    folds = max(2, round(1 / share))
    if len(np.unique(persons)) < folds:
        raise DataError(
            f"{where}: {len(np.unique(persons))} persons are left for training when '{name}' is cut"
            f" off, which needs {folds}: {HOW}; leave 'person' empty to split by file."
        )
    if np.bincount(targets).max() < folds:
        raise DataError(
            f"{where}: no label has {folds} samples left for training when '{name}' is cut off:"
            f" {HOW}."
        )
    before = len(np.unique(targets))
    rows = np.arange(len(samples))
    for again in range(TRIES):
        folded = StratifiedGroupKFold(folds, shuffle=True, random_state=seed + again)
        kept, apart = next(folded.split(rows, targets, persons))
        if len(np.unique(targets[kept])) == before:
            return _at(samples, kept), _at(samples, apart)
    raise DataError(
        f"{where}: a label has so few persons that none is left for training when '{name}' is cut"
        f" off: {HOW}."
    )


def _at(samples: list[Sample], rows: NDArray[np.int64]) -> list[Sample]:
    return [samples[row] for row in rows]
