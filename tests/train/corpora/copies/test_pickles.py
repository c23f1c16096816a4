"""MMSA's and MulT's pickles of MOSI, MOSEI and IEMOCAP."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("h5py")

from fixtures.data_sets import CLIPS, DIMS, VIDEOS, Tree, mmsa_tree, mult_tree, pickled

from edge.errors import DataError
from train.corpora.copies.sentiment import SEVEN
from train.corpora.copies.steps import scaled_steps, shortened
from train.corpora.open import open_corpus

COUNTS = {"train": 72, "val": 18, "test": 24}


@pytest.mark.parametrize("tree", [mmsa_tree(), mmsa_tree(unaligned=True), mult_tree()])
def test_sentiment_is_read_with_its_own_splits_by_video(tmp_path: Path, tree: Tree) -> None:
    pickled(tmp_path / "mosei" / "data.pkl", tree)
    corpus = open_corpus("mosei", tmp_path)
    assert (corpus.name, corpus.task, corpus.labels) == ("mosei", "regression", ("sentiment",))
    assert corpus.dims == DIMS
    assert {split: len(part) for split, part in corpus.parts.items()} == COUNTS
    assert len(set(corpus.parts["train"].groups)) == VIDEOS["train"]
    train = corpus.parts["train"]
    assert train.targets.shape == (VIDEOS["train"] * CLIPS, 1)
    # The first feature carries the target, so samples and targets are not mixed up.
    steps = np.arange(train.streams["text"].shape[1]) < train.lengths["text"][:, None]
    mean = (train.streams["text"][:, :, 0] * steps).sum(1) / steps.sum(1)
    assert np.corrcoef(mean, train.targets[:, 0])[0, 1] > 0.9


@pytest.mark.parametrize(
    ("target", "labels", "train"),
    [
        ("binary", ("negative", "not negative"), 72),
        ("binary_without_zero", ("negative", "positive"), 62),
        ("seven", SEVEN, 72),
    ],
)
def test_sentiment_as_classes(
    tmp_path: Path, target: str, labels: tuple[str, ...], train: int
) -> None:
    tree = mmsa_tree()
    for split in tree.values():  # every one of the seven classes
        count = len(split["regression_labels"])
        split["regression_labels"] = np.resize(np.arange(-3.0, 4), count)
        split["classification_labels"] = np.sign(split["regression_labels"]) + 1
    pickled(tmp_path / "mosi.pkl", tree)
    corpus = open_corpus("mosi", tmp_path, path="mosi.pkl", target=target)
    assert (corpus.labels, len(corpus.parts["train"])) == (labels, train)
    targets = corpus.parts["train"].targets[:3].tolist()
    assert targets == {"binary": [0, 0, 0], "seven": [0, 1, 2]}.get(target, [0, 0, 0])


def test_iemocap_of_mult_has_four_labels_in_the_order_of_the_file(tmp_path: Path) -> None:
    pickled(tmp_path / "iemocap" / "iemocap_data.pkl", mult_tree(iemocap=True))
    corpus = open_corpus("iemocap", tmp_path)
    assert corpus.task == "labels" and corpus.labels == ("neutral", "happy", "sad", "angry")
    assert corpus.parts["train"].targets[:4].tolist() == np.eye(4).tolist()


def test_long_sequences_are_averaged_to_fewer_steps(tmp_path: Path) -> None:
    x = np.arange(10, dtype=np.float32).reshape(1, 5, 2).repeat(2, axis=0)
    out, lengths = shortened(x, np.array([5, 3]), 3)
    assert out[:, :, 0].tolist() == [[1, 5, 8], [1, 4, 0]] and lengths.tolist() == [3, 2]
    pickled(tmp_path / "mosei" / "data.pkl", mmsa_tree(unaligned=True))
    train = open_corpus("mosei", tmp_path, steps=4).parts["train"]
    assert {x.shape[1] for x in train.streams.values()} == {4}
    with pytest.raises(DataError, match="steps is 0: it must be a whole number"):
        open_corpus("mosei", tmp_path, steps=0)


def test_many_samples_are_scaled_as_few() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (700, 3, 2)).astype(np.float32)
    valid = rng.random((700, 3)) < 0.7
    counted = valid & (np.arange(700) < 600)[:, None]
    z = scaled_steps(x, valid, counted, "F: text")
    assert (
        abs(z[counted].mean(axis=0)).max() < 1e-5 and abs(z[counted].std(axis=0) - 1).max() < 1e-3
    )
    assert not z[~valid].any() and z[valid].all()


def test_padding_in_front_and_behind_is_the_same(tmp_path: Path) -> None:
    front = mult_tree()
    behind = copy.deepcopy(front)
    for split in behind.values():
        for name in DIMS:
            split[name] = np.roll(split[name], -2, axis=1)
    pickled(tmp_path / "front.pkl", front)
    pickled(tmp_path / "behind.pkl", behind)
    one = open_corpus("mosei", tmp_path, path="front.pkl").parts["test"]
    two = open_corpus("mosei", tmp_path, path="behind.pkl").parts["test"]
    np.testing.assert_array_equal(one.streams["audio"], two.streams["audio"])
    assert set(one.lengths["audio"].tolist()) == {6}


def test_a_file_is_unpickled_once_and_again_when_it_changes(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pickled(tmp_path / "mosei" / "data.pkl", mmsa_tree())
    first = open_corpus("mosei", tmp_path)
    kept = sorted(file.name.rsplit("-", 1)[0] for file in cache.iterdir())
    assert kept == ["copy-format", "copy-mmsa"]
    from train.corpora.copies import unpickle

    with monkeypatch.context() as patch:
        patch.setattr(unpickle._DataUnpickler, "load", None)
        again = open_corpus("mosei", tmp_path)
    np.testing.assert_array_equal(first.parts["test"].targets, again.parts["test"].targets)
    tree = mmsa_tree()
    tree["test"]["regression_labels"][0] = -1.5
    pickled(path, tree)
    assert open_corpus("mosei", tmp_path).parts["test"].targets[0] == -1.5


def _wrong_order(tree: Tree) -> None:
    tree["train"]["classification_labels"] = 2 - tree["train"]["classification_labels"]


def _too_positive(tree: Tree) -> None:
    tree["test"]["regression_labels"][5] = 4
    tree["test"]["classification_labels"][5] = 2


def _not_a_number(tree: Tree) -> None:
    tree["train"]["text"][2, 1, 1] = np.nan


def _infinite(tree: Tree) -> None:
    tree["train"]["audio"][2, 1, 1] = np.inf


def _short_stream(tree: Tree) -> None:
    tree["valid"]["vision"] = tree["valid"]["vision"][:-1]


def _no_test(tree: Tree) -> None:
    del tree["test"]


def _constant(tree: Tree) -> None:
    tree["train"]["vision"][:] = 1


def _no_audio(tree: Tree) -> None:
    del tree["train"]["audio"]


def _long_length(tree: Tree) -> None:
    for split in tree.values():
        split["audio_lengths"] = [9] * len(split["id"])


def _partial_lengths(tree: Tree) -> None:
    tree["train"]["audio_lengths"] = [5] * len(tree["train"]["id"])


def _short_ids(tree: Tree) -> None:
    tree["train"]["id"].pop()


def _shared_video(tree: Tree) -> None:
    tree["test"]["id"][0] = tree["train"]["id"][0]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_wrong_order, "row 0 has the class 2 and the sentiment -2.4"),
        (_too_positive, "the sentiment is 4 in row"),
        (_not_a_number, "text holds NaN or inf in 1 samples"),
        (_infinite, "audio holds NaN or inf in 1 samples"),
        (_short_stream, r"vision has the shape \[17, 8, 4\]: it must be \(18 samples"),
        (_no_test, "the split 'test' is missing"),
        (_constant, "vision is the same in every training sample"),
        (_no_audio, "train has no field 'audio'"),
        (_long_length, "audio_lengths: a length is .* the sequences have 8 steps"),
        (_partial_lengths, "only some splits have the field 'audio_lengths'"),
        (_short_ids, r"train: id has the shape \[71\]: it must be \(72 samples\)"),
        (_shared_video, "train0 is in both 'train' and 'test'"),
    ],
)
def test_a_damaged_file_of_mmsa_is_one_sentence(
    tmp_path: Path, damage: Callable[[Tree], None], sentence: str
) -> None:
    tree = mmsa_tree()
    damage(tree)
    pickled(tmp_path / "mosei" / "data.pkl", tree)
    with pytest.raises(DataError, match=sentence) as error:
        open_corpus("mosei", tmp_path)
    assert str(error.value).startswith(str(tmp_path)) and "\n" not in str(error.value)


def test_a_damaged_file_of_mult_is_one_sentence(tmp_path: Path) -> None:
    def sentence(tree: Tree) -> str:
        pickled(tmp_path / "iemocap" / "data.pkl", tree)
        with pytest.raises(DataError) as error:
            open_corpus("iemocap", tmp_path)
        return str(error.value)

    tree = mult_tree(iemocap=True)
    tree["valid"]["labels"][0, 0] = (1, 1)
    assert "are not one-hot: each of neutral, happy, sad, angry" in sentence(tree)
    tree = mult_tree(iemocap=True)
    tree["train"]["labels"][:, 3] = (1, 0)
    assert "no sample has the label 'angry'" in sentence(tree)
    tree = mult_tree(iemocap=True)
    tree["train"]["text"] = tree["train"]["text"][1:]
    assert "as many as labels" in sentence(tree)


def test_where_nothing_or_too_much_is_found_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="mosei is missing: put your copy there"):
        open_corpus("mosei", tmp_path)
    pickled(tmp_path / "mosei" / "words.pkl", {"a": 1})
    with pytest.raises(DataError, match=r"not a known data set\. Known are: MMSA's pickle"):
        open_corpus("mosei", tmp_path)
    pickled(tmp_path / "mosei" / "a.pkl", mmsa_tree())
    pickled(tmp_path / "mosei" / "b.pkl", mult_tree())
    with pytest.raises(DataError, match=r"several data sets \(a.pkl, b.pkl\): give one"):
        open_corpus("mosei", tmp_path)
    pickled(tmp_path / "i.pkl", mult_tree(iemocap=True))
    with pytest.raises(DataError, match="has only 'emotions'"):
        open_corpus("iemocap", tmp_path, path="i.pkl", target="seven")
    with pytest.raises(DataError, match="target is 'two': it must be one of regression, binary"):
        open_corpus("mosei", tmp_path, path="mosei/b.pkl", target="two")
    with pytest.raises(DataError, match="has no option 'reach': remove it"):
        open_corpus("mosei", tmp_path, path="mosei/b.pkl", reach=2)
    with pytest.raises(DataError, match="has the format 'mmsa', but iemocap comes as"):
        open_corpus("iemocap", tmp_path, path="mosei/a.pkl")
    with pytest.raises(DataError, match="format is 'zip': it must be one of"):
        open_corpus("mosei", tmp_path, path="mosei/a.pkl", format="zip")
