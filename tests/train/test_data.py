"""Labels, splits and composed windows: no subject is in two splits."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

pytest.importorskip("pyarrow")

from edge.errors import DataError
from edge.faults import CLEAN
from train.corpora import fer, lines, ravdess
from train.corpora.known import read_lines
from train.corpora.labels import EKMAN, FER_VOTES, LABELS, RAVDESS, index_of
from train.corpora.sampling import balanced_draw, balanced_subset
from train.corpora.splits import SPLITS, split_of_actor
from train.stages.composed_windows import Composer
from train.stages.stream_windows import StreamWindows


def test_every_corpus_maps_onto_all_seven_labels_and_no_other():
    assert LABELS == ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
    for names in (FER_VOTES, RAVDESS, EKMAN):
        assert set(names.values()) == set(LABELS)
    assert RAVDESS["calm"] == "neutral"
    with pytest.raises(DataError, match=r"x\.csv has the label 'bored'"):
        index_of("bored", RAVDESS, "x.csv")


def test_the_majority_excludes_ties_and_other_labels():
    votes = np.zeros((4, 7), np.float32)
    votes[0, 1] = 6
    votes[1, 2] = votes[1, 3] = 4
    votes[2, 4] = 3
    others = np.zeros((4, 3), np.float32)
    others[2, 0] = 5
    assert fer.majority(votes, others).tolist() == [1, -1, -1, -1]


def test_actors_are_split_and_both_sexes_are_in_each_split():
    parts = {part: [a for a in range(1, 25) if split_of_actor(a) == part] for part in SPLITS}
    assert parts["test"] == [19, 20, 21, 22, 23, 24]
    assert parts["val"] == [17, 18]
    for actors in parts.values():
        assert sum(a % 2 for a in actors) * 2 == len(actors)


def test_balanced_drawing_gives_equal_class_counts():
    labels = np.array([0] * 900 + [1] * 100)
    rng = np.random.default_rng(0)
    drawn = labels[balanced_draw(labels, 2000, 1.0, rng)]
    assert 0.45 < drawn.mean() < 0.55
    drawn = labels[balanced_draw(labels, 2000, 0.0, rng)]
    assert 0.05 < drawn.mean() < 0.15


def test_a_balanced_subset_has_no_repetition():
    labels = np.array([0] * 90 + [1] * 10)
    few = balanced_subset(labels, 30, np.random.default_rng(0))
    assert len(set(few.tolist())) == 30
    assert (labels[few] == 1).sum() == 10


def _stream_windows(items: range, signals: int) -> StreamWindows:
    n = 70
    return StreamWindows(
        embedding=np.zeros((n, 4), np.float32),
        quality=np.zeros((n, signals), np.float32),
        target=np.zeros((n, 4), np.float32),
        evidence=np.ones(n, bool),
        label=np.arange(n) % 7,
        item=np.array([items[k % len(items)] for k in range(n)]),
        fault=np.array([CLEAN if k < 35 else "dark" for k in range(n)]),
        severity=np.zeros(n, np.float32),
        share=np.ones(n, np.float32),
    )


def test_a_composed_window_has_one_label_in_all_streams():
    stream_windows = {"text": _stream_windows(range(9), 4), "audio": _stream_windows(range(9), 6)}
    stream_windows["vision"] = _stream_windows(range(9), 6)
    windows = Composer(stream_windows, "train", LABELS).draw(
        500, np.random.default_rng(0), clean_share=0.5
    )
    for column, stream in enumerate(("text", "audio", "vision")):
        assert np.array_equal(stream_windows[stream].label[windows.rows[:, column]], windows.label)
    assert windows.embeddings.shape == (500, 3, 4)
    assert windows.quality.shape == (500, 16)
    assert set(windows.label.tolist()) == set(range(7))


def test_clean_windows_hold_no_fault():
    stream_windows = {s: _stream_windows(range(9), 4) for s in ("text", "audio", "vision")}
    windows = Composer(stream_windows, "val", LABELS).draw(
        300, np.random.default_rng(0), clean_share=1.0
    )
    assert (windows.rows < 35).all()


def test_a_class_that_a_stream_lacks_is_named():
    stream_windows = {s: _stream_windows(range(9), 4) for s in ("text", "audio", "vision")}
    stream_windows["audio"].label[stream_windows["audio"].label == 5] = 4
    with pytest.raises(DataError, match="The val split has no audio item of the class 'disgust'"):
        Composer(stream_windows, "val", LABELS)


def test_a_missing_corpus_is_named(tmp_path: Path):
    for load in (fer.load, ravdess.load, lines.goemotions):
        with pytest.raises(DataError, match="is missing"):
            load(tmp_path)


def _encoded(path: Path) -> bytes:
    """What is decoded: the file without what its container adds."""
    with av.open(str(path)) as container:
        return b"".join(bytes(packet) for packet in container.demux(audio=0))


@pytest.mark.slow
def test_real_clips_have_one_copy_and_no_actor_in_two_splits(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    rows = ravdess.listed(data_dir)
    assert len(rows.names) == 1440
    for actor in range(1, 25):
        assert len(set(rows.splits[rows.actors == actor])) == 1
    alike: dict[bytes, list[int]] = {}
    for k, path in enumerate(rows.paths):
        alike.setdefault(_encoded(path), []).append(k)
    assert len(alike) == 1439
    # One actor's are decoded, of which two are the same.
    copied = next(found for found in alike.values() if len(found) > 1)
    (actor,) = set(rows.actors[copied])
    own = np.flatnonzero(rows.actors == actor)
    cut = ravdess.Listed(
        names=[rows.names[k] for k in own],
        paths=[rows.paths[k] for k in own],
        labels=rows.labels[own],
        actors=rows.actors[own],
        splits=rows.splits[own],
    )
    monkeypatch.setattr(ravdess, "listed", lambda data: cut)
    clips = ravdess.load(data_dir)
    assert clips.left_out == {"bit-identical copy of another clip": 1}
    assert [name for name in cut.names if name not in clips.names] == [rows.names[copied[1]]]
    assert all(len(sound) > ravdess.RATE_HZ for sound in clips.sounds)


@pytest.mark.slow
def test_real_lines_and_faces_have_no_group_in_two_splits(data_dir: Path):
    loaded = read_lines(data_dir, ("goemotions", "meld"))
    parts: dict[str, set[str]] = {}
    for group, split in zip(loaded.groups, loaded.splits, strict=True):
        parts.setdefault(group, set()).add(str(split))
    assert all(len(found) == 1 for found in parts.values())
    faces = fer.load(data_dir)
    assert {picture.shape for picture in faces.pictures} == {(48, 48)}
    assert np.allclose(faces.votes.sum(axis=1), 1, atol=1e-6)
    assert set(faces.splits) == set(SPLITS)
