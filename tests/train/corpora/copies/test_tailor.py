"""TAILOR's file of MOSEI's emotions."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("h5py")

import torch
from fixtures.data_sets import DIMS, Tree, tailor_tree

from edge.errors import DataError
from train.corpora.copies.tailor import LABELS
from train.corpora.open import open_corpus


def test_labels_are_tokens_without_begin_and_end(tmp_path: Path) -> None:
    torch.save(tailor_tree(), tmp_path / "train_valid_test.pt")
    corpus = open_corpus("mosei", tmp_path, path="train_valid_test.pt")
    assert (corpus.task, corpus.labels, corpus.dims) == ("labels", LABELS, DIMS)
    assert corpus.parts["train"].targets[:3].tolist() == [
        [1, 0, 0, 0, 0, 0],
        [0, 1, 1, 0, 0, 0],
        [0, 0, 1, 1, 0, 0],
    ]
    assert [len(corpus.parts[split]) for split in ("train", "val", "test")] == [72, 18, 24]


def test_padded_tokens_and_lists_of_tensors_are_read(tmp_path: Path) -> None:
    tree = tailor_tree()
    for split in tree.values():
        split["tgt"] = torch.tensor([row + [0] * (4 - len(row)) for row in split["tgt"]])
        split["src-audio"] = list(split["src-audio"])
    torch.save(tree, tmp_path / "x.pt")
    targets = open_corpus("mosei", tmp_path, path="x.pt").parts["train"].targets
    assert targets[:2].tolist() == [[1, 0, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0]]


class _Run:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.path),))


def test_a_file_that_would_run_something_is_refused_and_does_not(tmp_path: Path) -> None:
    torch.save({"train": _Run(tmp_path / "trace")}, tmp_path / "x.pt")
    with pytest.raises(DataError, match=r"an object of the class \w+\.mkdir, which is not data"):
        open_corpus("mosei", tmp_path, path="x.pt")
    assert not (tmp_path / "trace").exists()


def _unknown(tree: Tree) -> None:
    tree["train"]["tgt"][3] = [2, 10, 3]


def _not_a_number(tree: Tree) -> None:
    tree["train"]["src-audio"][3, 0, 0] = torch.nan


def _short(tree: Tree) -> None:
    tree["valid"]["src-text"] = tree["valid"]["src-text"][1:]


def _constant(tree: Tree) -> None:
    tree["train"]["src-visual"][:] = 1


def _no_class(tree: Tree) -> None:
    tree["train"]["tgt"] = [[2, 4, 3]] * len(tree["train"]["tgt"])


def _no_split(tree: Tree) -> None:
    del tree["test"]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_unknown, "the label 10 of row 3 is unknown: labels are 4 to 9 for happy, sad"),
        (_not_a_number, "audio holds NaN or inf in 1 samples"),
        (_short, r"valid: src-text has the shape \[17, 8, 6\]"),
        (_constant, "vision is the same in every training sample"),
        (_no_class, "no sample has the label 'sad'"),
        (_no_split, "the split 'test' is missing"),
    ],
)
def test_a_damaged_file_is_one_sentence(
    tmp_path: Path, damage: Callable[[Tree], None], sentence: str
) -> None:
    tree = tailor_tree()
    damage(tree)
    torch.save(tree, tmp_path / "x.pt")
    with pytest.raises(DataError, match=sentence) as error:
        open_corpus("mosei", tmp_path, path="x.pt")
    assert "\n" not in str(error.value)


def test_another_target_is_one_sentence(tmp_path: Path) -> None:
    torch.save(tailor_tree(), tmp_path / "x.pt")
    with pytest.raises(DataError, match="target is 'binary': TAILOR's file has only 'emotions'"):
        open_corpus("mosei", tmp_path, path="x.pt", target="binary")


def test_a_truncated_file_is_one_sentence(tmp_path: Path) -> None:
    torch.save(tailor_tree(), tmp_path / "x.pt")
    data = (tmp_path / "x.pt").read_bytes()
    for kept in (0, 10, len(data) // 2):
        (tmp_path / "x.pt").write_bytes(data[:kept])
        with pytest.raises(DataError, match=r"x\.pt c") as error:
            open_corpus("mosei", tmp_path, path="x.pt")
        assert "\n" not in str(error.value)
