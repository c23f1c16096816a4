"""Splits by group: no group is in two splits, and every class remains in training."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from edge.errors import DataError
from train.corpora.corpus import Corpus, Part, part
from train.corpora.splits import cut
from train.task import Task


def _corpus(task: Task, rare_groups: int = 1) -> Corpus:
    """Ten groups of six; class 2 (or label 2) occurs in the first `rare_groups` of them alone."""
    group = np.repeat(np.arange(10), 6)
    classes = np.where((group < rare_groups) & (np.arange(60) % 6 == 0), 2, np.arange(60) % 2)
    targets = classes if task == "classes" else np.eye(3, dtype=np.float32)[classes]
    names = np.array([f"g{g}" for g in group])
    x = {"audio": np.zeros((60, 1, 2), np.float32)}
    train = part(x, targets, names, np.array([str(k) for k in range(60)]))
    return Corpus("rare", task, ("a", "b", "c"), {"train": train, "test": train})


def _labels(kept: Part) -> set[int]:
    targets = kept.targets if kept.targets.ndim == 1 else kept.targets.argmax(axis=1)
    return set(targets.tolist())


@pytest.mark.parametrize("task", ["classes", "labels"])
def test_a_rare_class_is_never_cut_off_completely(task: Task) -> None:
    corpus = _corpus(task)
    for seed in range(20):
        kept, apart = cut(corpus, corpus.parts["train"], 0.2, seed)
        assert _labels(kept) == {0, 1, 2}
        assert not set(kept.groups) & set(apart.groups)
        assert len(kept) + len(apart) == 60 and len(apart)


def test_the_same_seed_cuts_the_same_groups_off() -> None:
    corpus = _corpus("classes")
    ones, twos = (cut(corpus, corpus.parts["train"], 0.2, 3)[1].ids for _ in range(2))
    assert ones.tolist() == twos.tolist()


def test_too_few_groups_are_an_error_of_one_sentence() -> None:
    corpus = _corpus("classes")
    with pytest.raises(DataError, match=r"train has 10 groups; to cut 0.05 of them off needs 20"):
        cut(corpus, corpus.parts["train"], 0.05, 0)


def test_a_label_that_cannot_be_kept_is_an_error_of_one_sentence() -> None:
    corpus = _corpus("classes", rare_groups=0)
    with pytest.raises(DataError, match="a label has so few groups"):
        cut(corpus, corpus.parts["train"], 0.2, 0)
