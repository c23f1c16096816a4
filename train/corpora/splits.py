"""Four splits that share no subject: train, held-out (only for ConfidNet), val and test.

ConfidNet must learn from the errors of the other networks on unseen subjects. So encoders and
fusion are not trained on a held-out part of a corpus' own training split.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

from edge.errors import DataError
from train.corpora.corpus import Corpus, Part

SplitName = Literal["train", "held_out", "val", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "held_out", "val", "test")

HELD_OUT_PERCENT = 15
TRIES = 50
"""Seeds that `cut` tries until every label is in the part that is kept."""

PERSON_SHARES: dict[SplitName, float] = {"test": 0.3, "val": 0.15, "held_out": 0.15}
"""Shares of a corpus' persons; the others are for training."""

HELD_OUT_ACTORS = frozenset({13, 14, 15, 16})
VAL_ACTORS = frozenset({17, 18})
TEST_ACTORS = frozenset({19, 20, 21, 22, 23, 24})


def split_of_actor(actor: int) -> SplitName:
    """Split of a RAVDESS actor. Odd actors are men, even ones women, in equal numbers."""
    if actor in TEST_ACTORS:
        return "test"
    if actor in VAL_ACTORS:
        return "val"
    return "held_out" if actor in HELD_OUT_ACTORS else "train"


def cut(corpus: Corpus, part: Part, share: float, seed: int) -> tuple[Part, Part]:
    """Cut about `share` of a part's groups off, stratified by class. Every class or label remains
    in the part that is kept.

    Returns:
        The part that is kept and the part that is cut off; no group is in both.

    Raises:
        DataError: There are too few groups, or a label has too few groups to remain in the part
            that is kept.
    """
    folds = max(2, round(1 / share))
    groups = len(np.unique(part.groups))
    if groups < folds:
        raise DataError(
            f"{corpus.name}: train has {groups} groups; to cut {share:.2f} of them off needs"
            f" {folds}: raise val_share or held_out_share."
        )
    rows = np.arange(len(part))
    for again in range(TRIES):
        if corpus.task == "classes":
            by_class = StratifiedGroupKFold(folds, shuffle=True, random_state=seed + again)
            kept, apart = next(by_class.split(rows, part.targets, part.groups))
            complete = len(np.unique(part.targets[kept])) == len(corpus.labels)
        else:
            by_group = GroupShuffleSplit(1, test_size=share, random_state=seed + again)
            kept, apart = next(by_group.split(rows, groups=part.groups))
            complete = corpus.task == "regression" or bool(part.targets[kept].any(axis=0).all())
        if complete:
            return part.take(kept), part.take(apart)
    raise DataError(
        f"{corpus.name}: a label has so few groups that none is left for training: lower val_share"
        " or held_out_share."
    )


def hide(corpus: Corpus, part: Part, labelled_share: float, seed: int) -> tuple[Part, Part]:
    """Choose about `labelled_share` of a part's groups, at least one, stratified by class; the
    others are to be used without their targets. Of `TRIES` seeds the first is taken that leaves a
    target of every class, else the one with most classes: few groups may not have them all.

    Returns:
        The labelled and the unlabelled part; no group is in both.

    Raises:
        DataError: There is only one group, or the share leaves no group without its targets.
    """
    groups, rows = np.unique(part.groups), np.arange(len(part))
    count = max(1, round(labelled_share * len(groups)))
    if count >= len(groups):
        raise DataError(
            f"{corpus.name}: labelled_share {labelled_share:g} of {len(groups)} training groups"
            " leaves none unlabelled: lower it, or set it to 1."
        )
    best, most = rows, -1
    for again in range(TRIES):
        if corpus.task == "classes":
            # Folds of one group each at the smallest; several folds together where more is asked.
            folds = max(2, min(len(groups), round(1 / min(labelled_share, 1 - labelled_share))))
            by_class = StratifiedGroupKFold(folds, shuffle=True, random_state=seed + again)
            larger, smaller = next(by_class.split(rows, part.targets, part.groups))
            chosen = smaller if labelled_share <= 0.5 else larger
            found = len(np.unique(part.targets[chosen]))
        else:
            by_group = GroupShuffleSplit(1, train_size=count, random_state=seed + again)
            chosen, _ = next(by_group.split(rows, groups=part.groups))
            found = int(part.targets[chosen].any(axis=0).sum())
        if found > most:
            best, most = chosen, found
        if most == len(corpus.labels):
            break
    labelled = np.zeros(len(part), bool)
    labelled[best] = True
    return part.take(labelled), part.take(~labelled)


def train_or_held_out(group: str) -> SplitName:
    """Split of a training row, by a stable hash of its group (a dialogue, an image)."""
    return "held_out" if zlib.crc32(group.encode()) % 100 < HELD_OUT_PERCENT else "train"


def split_persons(persons: Sequence[str]) -> NDArray[np.str_]:
    """Split of each item by its person, shape (n,): the persons are ordered by a stable hash of
    their names, and the order is cut by `PERSON_SHARES`. So a corpus of six persons has test
    persons, too, which a draw for each person would not promise.

    Raises:
        DataError: There are fewer than four persons, too few for four splits.
    """
    order = sorted(set(persons), key=lambda one: (zlib.crc32(one.encode()), one))
    if len(order) < len(SPLITS):
        raise DataError(f"{len(order)} persons cannot be cut into {len(SPLITS)} splits: add some.")
    counts = {part: max(1, round(share * len(order))) for part, share in PERSON_SHARES.items()}
    parts: list[SplitName] = [part for part, count in counts.items() for _ in range(count)]
    parts += ["train"] * (len(order) - len(parts))
    split_of = dict(zip(order, parts, strict=True))
    return np.array([split_of[person] for person in persons])
