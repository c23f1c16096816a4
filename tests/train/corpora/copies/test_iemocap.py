"""IEMOCAP: the usual pickle of features, and its own folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("h5py")

from fixtures.data_sets import iemocap_features, iemocap_folder, pickled

from edge.errors import DataError
from train.corpora.copies.evaluations import read_evaluations
from train.corpora.copies.iemocap_features import LABELS
from train.corpora.copies.iemocap_folder import SIX
from train.corpora.open import open_corpus


def test_the_pickle_gives_utterances_in_their_dialogue(tmp_path: Path) -> None:
    fields = iemocap_features()
    pickled(tmp_path / "iemocap" / "IEMOCAP_features.pkl", fields)
    near = open_corpus("iemocap", tmp_path, reach=0)
    far = open_corpus("iemocap", tmp_path, reach=2)
    assert (far.task, far.labels) == ("classes", LABELS)
    assert set(far.parts["test"].groups) == {f"Ses05F_impro{d}" for d in range(16, 20)}
    test = far.parts["test"]
    rows = np.arange(len(test))
    np.testing.assert_array_equal(
        test.streams["text"][rows, test.focus], near.parts["test"].streams["text"][:, 0]
    )
    assert test.targets[:12].tolist() == fields[2]["Ses05F_impro16"]


def _unknown_label(fields: list[Any]) -> None:
    fields[2]["Ses01F_impro00"][3] = 6


def _short_text(fields: list[Any]) -> None:
    fields[3]["Ses01F_impro00"].pop()


def _no_dialogue(fields: list[Any]) -> None:
    del fields[4]["Ses01F_impro00"]


def _in_both(fields: list[Any]) -> None:
    fields[8].append("Ses01F_impro00")


def _no_test(fields: list[Any]) -> None:
    fields[8].clear()


def _not_a_number(fields: list[Any]) -> None:
    fields[5]["Ses01F_impro00"][2][1] = np.nan


def _constant(fields: list[Any]) -> None:
    for rows in fields[5].values():
        for row in rows:
            row[:] = 1


def _no_class(fields: list[Any]) -> None:
    for name in fields[2]:
        fields[2][name] = [label % 5 for label in fields[2][name]]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_unknown_label, "the label 6 is unknown: labels are 0 to 5 for happy, sad"),
        (_short_text, r"Ses01F_impro00: text has the shape \[11, 6\]: it must be \(12 utterances"),
        (_no_dialogue, "Ses01F_impro00 has no audio"),
        (_in_both, "Ses01F_impro00 is in train and in test"),
        (_no_test, "the split 'test' is missing"),
        (_not_a_number, "vision holds NaN or inf"),
        (_constant, "vision is the same in every training sample"),
        (_no_class, "no sample has the label 'frustrated'"),
    ],
)
def test_a_damaged_pickle_is_one_sentence(
    tmp_path: Path, damage: Callable[[list[Any]], None], sentence: str
) -> None:
    fields = iemocap_features()
    damage(fields)
    pickled(tmp_path / "iemocap" / "x.pkl", fields)
    with pytest.raises(DataError, match=sentence) as error:
        open_corpus("iemocap", tmp_path)
    assert "\n" not in str(error.value)


def test_the_order_of_the_labels_is_checked_by_their_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = iemocap_features()
    pickled(tmp_path / "iemocap" / "x.pkl", fields)
    counts = np.bincount(np.concatenate(list(fields[2].values())))
    monkeypatch.setattr("train.corpora.copies.iemocap_features.COUNTS", tuple(counts[::-1]))
    with pytest.raises(DataError, match="their order must be happy, sad, neutral"):
        open_corpus("iemocap", tmp_path)


def test_the_evaluations_give_labels_times_dialogues_and_speakers(tmp_path: Path) -> None:
    turns = read_evaluations(iemocap_folder(tmp_path, sound=False))
    assert len(turns) == 5 * 2 * 8
    turn = turns[1]
    assert (turn.id, turn.dialogue) == ("Ses01F_impro01_M001", "Ses01F_impro01")
    assert (turn.session, turn.speaker, turn.emotion) == (1, "Ses01_M", "happy")
    assert (turn.start_s, turn.end_s) == (1.25, 2.0)
    assert (turn.valence, turn.activation, turn.dominance) == (2.5, 3.0, 2.0)
    assert len({turn.speaker for turn in turns}) == 10


def test_the_folder_is_split_by_session(tmp_path: Path) -> None:
    iemocap_folder(tmp_path / "iemocap")
    corpus = open_corpus("iemocap", tmp_path, session=2)
    assert corpus.labels == ("angry", "happy or excited", "sad", "neutral")
    assert {name[:5] for name in corpus.parts["test"].groups} == {"Ses02"}
    assert "Ses02" not in {name[:5] for name in corpus.parts["train"].groups}
    # Of eight utterances of a dialogue one is frustrated, one has no agreement.
    assert len(corpus.parts["train"]) == 4 * 2 * 6
    assert corpus.parts["train"].targets[:6].tolist() == [0, 1, 1, 2, 3, 3]
    assert corpus.streams == ("text", "audio") and corpus.dims["audio"] == 128


def test_other_targets_and_no_sound(tmp_path: Path) -> None:
    iemocap_folder(tmp_path / "iemocap", sound=False)
    six = open_corpus("iemocap", tmp_path, target="six")
    assert six.labels == SIX and six.streams == ("text",)
    dimensions = open_corpus("iemocap", tmp_path, target="dimensions")
    assert dimensions.task == "regression"
    assert dimensions.parts["train"].targets[3].tolist() == [2.5, 3, 4]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("\tang\t", "\tjoy\t", "line 3: the emotion 'joy' is unknown"),
        ("[0.2500 - 1.0000]", "[0.2500 , 1.0000]", "line 3 is not '.start - end. id emotion"),
        ("[0.2500 - 1.0000]", "[0.2500 - 0.1000]", "ends before it begins"),
        ("Ses01F_impro01_F000", "Ses01", "'Ses01' is not an id"),
        ("Ses01F_impro01_F000", "Ses01F_impro01_M001", "M001 occurs twice"),
        ("[2.5000, 3.0000, 1.0]", "[2.5000, 9.0000, 1.0]", "a rating is not between 1 and 5"),
    ],
)
def test_a_damaged_line_is_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    folder = iemocap_folder(tmp_path / "iemocap", sound=False)
    path = folder / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(DataError, match=sentence) as error:
        open_corpus("iemocap", tmp_path)
    assert "\n" not in str(error.value)


def test_a_folder_without_words_sound_or_session_is_one_sentence(tmp_path: Path) -> None:
    folder = iemocap_folder(tmp_path / "iemocap", sound=False)
    with pytest.raises(DataError, match="no labelled utterance in Session6"):
        open_corpus("iemocap", tmp_path, session=6)
    with pytest.raises(DataError, match="target is 'two': it must be four, six, dimensions"):
        open_corpus("iemocap", tmp_path, target="two")
    for path in folder.glob("Session*/dialog/transcriptions/*"):
        path.unlink()
    with pytest.raises(DataError, match="neither transcriptions nor sentences/wav"):
        open_corpus("iemocap", tmp_path)
