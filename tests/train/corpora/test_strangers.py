"""The readers of voices, faces and lines of strangers, on small tables of the true format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

from fixtures.strangers import (
    line_rows,
    portrait_rows,
    voice_rows,
    write_lines,
    write_portraits,
    write_rows,
    write_voices,
)

from edge.errors import DataError
from train.corpora import more_lines, muxspace, voices
from train.corpora.known import read_faces
from train.corpora.labels import LABELS
from train.corpora.sound import RATE_HZ
from train.corpora.splits import SPLITS, split_persons


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2)


def _share_nobody(persons: np.ndarray, splits: np.ndarray) -> None:
    assert set(splits) == set(SPLITS)
    for person in set(persons):
        assert len(set(splits[persons == person])) == 1


def test_voices_are_decoded_once_and_split_by_speaker(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_voices(tmp_path, "nemo", rng)
    read = voices.load_cached(tmp_path, "nemo", tmp_path / "cache")
    assert read.left_out == {voices.NO_LABEL: 1, voices.COPY: 1}
    assert len(read.sounds) == 24 and read.persons[0] == "nemo/S0"
    assert [LABELS[k] for k in read.labels[:4]] == ["neutral", "happy", "sad", "angry"]
    _share_nobody(read.persons, read.splits)
    seconds = len(read.sounds[0]) / RATE_HZ
    assert 1.2 < seconds < 1.4
    # The second of the four tones: 170 Hz.
    spectrum = np.abs(np.fft.rfft(read.sounds[1]))
    assert abs(np.argmax(spectrum) / seconds - 170) < 3
    monkeypatch.setattr(voices, "decode", None)
    again = voices.load_cached(tmp_path, "nemo", tmp_path / "cache")
    assert again.left_out == read.left_out
    np.testing.assert_allclose(again.sounds[0], read.sounds[0], atol=1e-4)
    np.testing.assert_array_equal(again.splits, read.splits)


def test_faces_are_found_by_the_live_detector(tmp_path: Path, rng: np.random.Generator) -> None:
    write_portraits(tmp_path, rng)
    faces, points = read_faces(tmp_path, ("muxspace",), tmp_path / "cache")
    assert np.stack(faces.pictures).shape == (12, 96, 96)
    assert faces.left_out == {"no label among the seven": 1, "no face found": 0}
    _share_nobody(faces.persons, faces.splits)
    # The right eye is left of the left eye, and both are above the mouth.
    assert (points[:, 0, 0] < points[:, 1, 0]).all() and (points[:, :2, 1] < points[:, 3:, 1]).all()


def test_lines_keep_their_own_splits_and_texts_are_there_once(tmp_path: Path) -> None:
    write_lines(tmp_path)
    rows = line_rows("isear")
    told: list[dict[str, object]] = [rows[0], {"text": "[ No response.]", "label": "sad"}]
    write_rows(tmp_path / more_lines.FILES["isear"], [*rows, *told])
    for corpus in more_lines.FILES:
        lines = more_lines.load(tmp_path, corpus)
        assert len(lines.texts) == 108 and lines.left_out[more_lines.NO_LABEL] == 1
        _share_nobody(np.array(lines.groups), lines.splits)
        assert (lines.every.argmax(axis=1) == lines.labels).all()
        if corpus == "isear":
            assert lines.left_out[more_lines.REPEATED] == lines.left_out[more_lines.NO_ANSWER] == 1
        else:
            in_test = np.array(["in test" in text for text in lines.texts])
            np.testing.assert_array_equal(lines.splits == "test", in_test)
    dialogues = more_lines.load(tmp_path, "dailydialog").groups
    assert len(set(dialogues)) == 36


def test_the_split_of_a_person_is_stable_and_needs_four() -> None:
    names = [f"p{k}" for k in range(40)]
    splits = split_persons(names * 2)
    np.testing.assert_array_equal(splits[:40], splits[40:])
    np.testing.assert_array_equal(split_persons(names[::-1])[::-1], splits[:40])
    assert [int((splits[:40] == part).sum()) for part in SPLITS] == [16, 6, 6, 12]
    with pytest.raises(DataError, match="3 persons cannot be cut into 4 splits"):
        split_persons(names[:3])


def _voices(folder: Path, changes: dict[str, object]) -> Callable[[], object]:
    rows = voice_rows(folder, "emovo", np.random.default_rng(0))
    write_rows(voices.file_of(folder, "emovo"), [rows[0] | changes, *rows[1:]])
    return lambda: voices.load(folder, "emovo")


def _faces(folder: Path, changes: dict[str, object]) -> Callable[[], object]:
    rows = portrait_rows(np.random.default_rng(0))
    write_rows(folder / muxspace.FILE, [rows[0] | changes, *rows[1:]])
    return lambda: muxspace.load(folder)


def _lines(folder: Path, changes: dict[str, object]) -> Callable[[], object]:
    rows = line_rows("dair_emotion")
    write_rows(folder / more_lines.FILES["dair_emotion"], [rows[0] | changes, *rows[1:]])
    return lambda: more_lines.load(folder, "dair_emotion")


@pytest.mark.parametrize(
    ("write", "changes", "sentence"),
    [
        (_voices, {"label": "bored"}, r"emovo.parquet has the label 'bored'; expected is one of"),
        (_voices, {"speaker": " "}, "clip emovo-0-neutral has no speaker"),
        (_voices, {"opus": b"no sound"}, "clip emovo-0-neutral cannot be decoded as sound"),
        (_voices, {"opus": None}, "clip emovo-0-neutral has no sound"),
        (_faces, {"image": b"no picture"}, "row P0_neutral.jpg is not a picture of 96x96"),
        (_faces, {"person": ""}, "row P0_neutral.jpg has no person"),
        (_faces, {"label": "bored"}, "has the label 'bored'"),
        (_lines, {"split": "rest"}, "has the split 'rest', not one of"),
        (_lines, {"label": "bored"}, "has the label 'bored'"),
    ],
)
def test_bad_input_is_one_sentence(
    tmp_path: Path,
    write: Callable[[Path, dict[str, object]], Callable[[], object]],
    changes: dict[str, object],
    sentence: str,
) -> None:
    with pytest.raises(DataError, match=sentence) as error:
        write(tmp_path, changes)()
    assert "\n" not in str(error.value)


def test_a_missing_table_or_column_is_named(tmp_path: Path) -> None:
    for read in (
        lambda: voices.load_cached(tmp_path, "ased", tmp_path),
        lambda: muxspace.load(tmp_path),
        lambda: more_lines.load(tmp_path, "isear"),
    ):
        with pytest.raises(DataError, match=r"parquet is missing: copy it there"):
            read()
    write_rows(tmp_path / muxspace.FILE, [{"id": "a"}])
    with pytest.raises(DataError, match="lacks the column image"):
        muxspace.load(tmp_path)
