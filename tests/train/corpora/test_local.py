"""The aligned corpora of the data folder: sizes, splits by group, context."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

pytest.importorskip("pyarrow")

from edge.errors import DataError
from train.corpora.corpus import Corpus, check, part
from train.corpora.features import gathered, scaled, surroundings
from train.corpora.open import open_corpus


@pytest.mark.parametrize(
    ("name", "streams", "labels", "train", "test"),
    [
        ("mosi_utterance", ("text", "audio", "vision"), 2, 1447, 752),
        ("ravdess_av", ("audio", "vision"), 8, 270, 90),
        ("meld_text_audio", ("text", "audio"), 7, None, None),
    ],
)
def test_a_corpus_has_the_counts_of_its_readme(data_dir, name, streams, labels, train, test):
    corpus = open_corpus(name, data_dir)
    assert corpus.streams == streams
    assert len(corpus.labels) == labels
    if train:
        assert (len(corpus.parts["train"]), len(corpus.parts["test"])) == (train, test)
    else:
        assert sum(map(len, corpus.parts.values())) == 1108
    for one in corpus.parts.values():
        assert np.bincount(one.targets, minlength=labels).min() > 0


def test_the_focus_is_the_step_of_the_utterance(data_dir):
    near = open_corpus("mosi_utterance", data_dir, reach=0).parts["test"]
    far = open_corpus("mosi_utterance", data_dir, reach=3).parts["test"]
    rows = np.arange(len(far))
    np.testing.assert_array_equal(far.streams["text"][rows, far.focus], near.streams["text"][:, 0])
    assert far.lengths["text"].max() == 7 and far.lengths["text"].min() >= 4


def test_neighbours_are_in_order_and_of_the_same_group():
    groups = np.array(["a", "b", "a", "a"])
    rows, lengths, focus = surroundings(groups, np.array([2, 0, 0, 1]), reach=1)
    assert rows.tolist() == [[3, 0, -1], [1, -1, -1], [2, 3, -1], [2, 3, 0]]
    assert lengths.tolist() == [2, 1, 2, 3]
    assert focus.tolist() == [1, 0, 0, 1]
    features = np.arange(4, dtype=np.float32)[:, None] + 1
    assert gathered(features, rows)[0, :, 0].tolist() == [4, 1, 0]


def test_scaling_uses_only_training_rows():
    x = np.array([[1.0, 7, np.nan], [3, 7, 2], [900, 8, 4]])
    z = scaled(x, np.array([True, True, False]), "F: audio", missing=True)
    assert z.shape == (3, 1)  # 7, 7 is constant in training, and so is a lone 2
    assert z[:, 0].tolist() == [-1, 1, 5]


@pytest.mark.parametrize(
    ("x", "missing", "sentence"),
    [
        ([[1.0], [np.nan], [2]], False, "holds NaN or inf in 1 samples .first: row 1."),
        ([[1.0], [np.inf], [2]], True, "holds inf in 1 samples"),
        ([[1.0], [1], [2]], False, "is the same in every training sample"),
        ([[np.nan], [np.nan], [2]], True, "a column that is NaN in every training sample"),
        ([[1.0], [2]], False, r"must be \(3 samples, features\)"),
    ],
)
def test_features_that_cannot_be_scaled_are_one_sentence(x, missing, sentence):
    with pytest.raises(DataError, match=f"F: audio .*{sentence}"):
        scaled(np.array(x), np.array([True, True, False]), "F: audio", missing)


@pytest.mark.parametrize(
    ("array", "value", "sentence"),
    [
        ("label", -1, "label is -1 in row 3: it must be a whole number of 0 to 1"),
        ("label", np.nan, "label is nan in row 3"),
        ("text", np.inf, "text holds NaN or inf in 1 samples"),
        ("segment", None, r"unequal lengths \(.*segment 7\)"),
    ],
)
def test_damaged_arrays_are_one_sentence(tmp_path, array, value, sentence):
    rng = np.random.default_rng(0)
    arrays = {
        **{name: rng.normal(size=(8, 4)) for name in ("text", "audio", "video")},
        "label": np.arange(8) % 2.0,
        "split": np.arange(8) // 4,
        "video_id": np.array([f"v{k // 2}" for k in range(8)]),
        "segment": np.arange(8),
    }
    if value is None:
        arrays[array] = arrays[array][:-1]
    else:
        arrays[array] = np.array(arrays[array], float)
        arrays[array][3] = value
    (tmp_path / "mosi_utterance").mkdir()
    np.savez(tmp_path / "mosi_utterance" / "mosi_utterance.npz", **arrays)
    with pytest.raises(DataError, match=sentence) as error:
        open_corpus("mosi_utterance", tmp_path)
    assert "\n" not in str(error.value)


def _corpus(**changes) -> Corpus:
    rng = np.random.default_rng(0)

    def one(name: str, targets) -> object:
        x = {"text": rng.normal(size=(4, 2, 3)).astype(np.float32)}
        return part(x, np.array(targets), np.array([name] * 4), np.array(list("wxyz")))

    parts = {"train": one("g", [0, 1, 0, 1]), "test": one("h", [0, 1, 1, 0])} | changes
    return Corpus("toy", "classes", ("no", "yes"), parts)


def test_an_invalid_corpus_is_an_error_of_one_sentence():
    good = _corpus()
    check(good, "F")
    with pytest.raises(DataError, match="F: the split 'test' is missing"):
        check(Corpus("toy", "classes", ("no", "yes"), {"train": good.parts["train"]}), "F")
    with pytest.raises(DataError, match="g is in both 'train' and 'test'"):
        check(_corpus(test=good.parts["train"]), "F")
    with pytest.raises(DataError, match="train: no sample has the label 'maybe'"):
        check(Corpus("toy", "classes", ("no", "yes", "maybe"), good.parts), "F")
    bad = _corpus()
    bad.parts["train"].streams["text"][2, 0, 0] = np.nan
    with pytest.raises(DataError, match=r"text holds NaN or inf in 1 samples \(first: y\)"):
        check(bad, "F")
    flat = _corpus()
    flat.parts["train"].streams["text"][:] = 3
    with pytest.raises(DataError, match="text is the same in every sample"):
        check(flat, "F")


@pytest.mark.parametrize(
    ("split", "target", "shown"), [("train", -1, "-1"), ("test", 2, "2"), ("val", 0.5, "0.5")]
)
def test_a_class_out_of_range_is_found_in_every_split(split: str, target: float, shown: str):
    good = _corpus().parts["train"]
    targets = np.array([0, 1, 0, target])
    groups = np.array([split] * 4)
    bad = dataclasses.replace(good, targets=targets, groups=groups)
    sentence = rf"F: {split}: a target is {shown} \(first: z\): classes are numbered 0 to 1"
    with pytest.raises(DataError, match=sentence):
        check(_corpus(**{split: bad}), "F")


def test_several_labels_are_0_or_1_in_every_split():
    both = np.array([[0, 1], [1, 0], [1, 1], [0, 0]], np.float32)
    parts = {
        split: dataclasses.replace(one, targets=both) for split, one in _corpus().parts.items()
    }
    check(Corpus("toy", "labels", ("a", "b"), parts), "F")
    with pytest.raises(
        DataError, match="F: train: the targets have 2 labels, but the corpus names 3"
    ):
        check(Corpus("toy", "labels", ("a", "b", "c"), parts), "F")
    half = both.copy()
    half[1, 0] = 0.5
    bad = parts | {"test": dataclasses.replace(parts["test"], targets=half)}
    with pytest.raises(DataError, match="F: test: a target of x is neither 0 nor 1"):
        check(Corpus("toy", "labels", ("a", "b"), bad), "F")


def test_an_unknown_corpus_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(DataError, match="There is no corpus 'x'"):
        open_corpus("x", tmp_path)
    with pytest.raises(DataError, match="is missing: set CDAT_DATA"):
        open_corpus("ravdess_av", tmp_path)
    (tmp_path / "ravdess_av").mkdir()
    (tmp_path / "ravdess_av" / "features.npz").write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"cannot be read as \.npz"):
        open_corpus("ravdess_av", tmp_path)
