"""Whether a step makes the answers worse, on labelled samples that it was not fitted on."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from train.evaluation.judged import UNKNOWN, Judged
from train.evaluation.takes import Take

MAX_FOLDS = 3
FEWEST_SAMPLES = 6
"""Labelled samples that a check needs."""


@dataclass(frozen=True)
class Fold:
    """Takes to fit on, and takes to check on."""

    fitted: tuple[Take, ...]
    checked: tuple[Take, ...]


def folds(takes: tuple[Take, ...]) -> tuple[list[Fold], str]:
    """Up to three folds by person, or by recording where there is one person. None, and why, when
    too few samples have labels."""
    labelled = [s for take in takes for s in take.samples if s.label is not None]
    if not labelled:
        return [], "no sample has a label"
    if len(labelled) < FEWEST_SAMPLES:
        return [], f"{len(labelled)} samples have a label, and a check needs {FEWEST_SAMPLES}"
    by_person = len({sample.person for sample in labelled}) > 1
    names = [take.samples[0].person if by_person else take.folder.name for take in takes]
    has = {n for n, t in zip(names, takes, strict=True) if any(s.label for s in t.samples)}
    count = min(MAX_FOLDS, len(has))
    if count < 2:
        return [], "the labelled samples are in one recording"
    # To spread the labels takes as many samples of a label as there are folds.
    most = max(Counter(sample.label for sample in labelled).values())
    count = min(count, most) if most > 1 else count
    place = _places(takes, names, count)
    made = [
        Fold(
            tuple(t for n, t in zip(names, takes, strict=True) if place.get(n) != k),
            tuple(t for n, t in zip(names, takes, strict=True) if place.get(n) == k),
        )
        for k in range(count)
    ]
    return made, f"{count} folds by {'person' if by_person else 'recording'}"


def _places(takes: tuple[Take, ...], names: list[str], count: int) -> dict[str, int]:
    """The fold of each name with labels. The labels are spread over the folds, unless each has one
    sample."""
    told = [
        (sample.label, name)
        for name, take in zip(names, takes, strict=True)
        for sample in take.samples
        if sample.label is not None
    ]
    labels, groups = zip(*told, strict=True)
    cut: StratifiedGroupKFold | GroupKFold = GroupKFold(count)
    if len(set(labels)) < len(labels):
        cut = StratifiedGroupKFold(count, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        # Of a label with fewer samples than folds.
        warnings.simplefilter("ignore", UserWarning)
        split = list(cut.split(np.zeros(len(told)), np.array(labels), np.array(groups)))
    return {groups[row]: k for k, (_, checked) in enumerate(split) for row in checked}


def scored(judged: Judged) -> Judged:
    """The verdicts that have a label."""
    rows: NDArray[np.bool_] = judged.true != UNKNOWN
    return judged.at(rows)


def pooled(parts: list[Judged], measure: Callable[[Judged], float]) -> float:
    """Of all labelled verdicts of the folds together."""
    return measure(together(parts))


def together(parts: list[Judged]) -> Judged:
    """All labelled verdicts of the folds."""
    return reduce(Judged.beside, [scored(one) for one in parts])
