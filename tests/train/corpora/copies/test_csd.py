"""Folders of .csd files of MOSI and MOSEI."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("h5py")

from fixtures.data_sets import CLIPS, csd, csd_folder

from edge.errors import DataError
from train.corpora.copies.csd import EMOTIONS, read_csd
from train.corpora.copies.sequences import Sequence, Track, root_of
from train.corpora.open import open_corpus

LABELS = "CMU_MOSEI_Labels.csd"
SOUND = "CMU_MOSEI_COVAREP.csd"
FACE = "CMU_MOSEI_VisualFacet42.csd"


def read_tracks(path: Path) -> dict[str, Track]:
    with Sequence(path) as sequence:
        tracks = {video: sequence.track(video) for video in sequence.videos}
    return {video: track for video, track in tracks.items() if track is not None}


def test_a_video_without_sound_or_face_lacks_the_stream(tmp_path: Path) -> None:
    folder = csd_folder(tmp_path / "mosei")
    with h5py.File(folder / SOUND, "a") as file:
        del file["COVAREP/data/video1"]
    samples = read_csd(folder)
    assert set(samples.groups[samples.lengths["audio"] == 0]) == {"video1"}
    with h5py.File(folder / FACE, "a") as file:
        features = file["FACET 4.2/data/video2/features"][:, :3]
        del file["FACET 4.2/data/video2/features"]
        file["FACET 4.2/data/video2/features"] = features
    with pytest.raises(DataError, match="3 to 4 features: all videos must have as many"):
        read_csd(folder)


def test_a_span_takes_the_entries_that_overlap_it() -> None:
    starts = np.arange(5.0)
    track = Track(starts[:, None], np.column_stack([starts, starts + 1]))
    spans = np.array([[1, 3], [1.5, 1.6], [0.5, 1.5], [7, 9]])
    assert track.averaged(spans)[:, 0].tolist() == [1.5, 1, 0.5, 0]


def test_words_are_the_steps_and_sound_and_face_are_averaged_over_them(tmp_path: Path) -> None:
    samples = read_csd(csd_folder(tmp_path / "mosei"))
    assert len(samples) == 24 * CLIPS and samples.labels == ("sentiment",)
    assert samples.streams["text"].shape[1:] == (4, 6)  # of five words one is a pause
    sentiment = samples.targets[:, 0]
    for name in ("text", "audio", "vision"):
        assert samples.lengths[name].tolist() == [4] * len(samples)
        # The first and last word's frames may overlap the neighbouring segment.
        middle = samples.streams[name][:, 1, 0]
        np.testing.assert_allclose(middle, sentiment, atol=1e-5)
    assert np.isfinite(samples.streams["audio"]).all()  # -inf of COVAREP is 0


def test_pauses_are_found_without_the_file_of_words(tmp_path: Path) -> None:
    folder = csd_folder(tmp_path / "mosei")
    with_words = read_csd(folder)
    (folder / "CMU_MOSEI_TimestampedWords.csd").unlink()
    np.testing.assert_array_equal(read_csd(folder).streams["text"], with_words.streams["text"])


def test_the_folds_of_the_sdk_are_used_and_not_run(tmp_path: Path) -> None:
    folder = csd_folder(tmp_path / "mosei", folds=True)
    with (folder / "cmu_mosei_std_folds.py").open("a") as file:
        file.write(f"open({str(tmp_path / 'trace')!r}, 'w')\n")
    corpus = open_corpus("mosei", tmp_path)
    groups = {split: sorted(set(part.groups)) for split, part in corpus.parts.items()}
    assert groups["test"] == ["video20", "video21", "video22"]
    assert groups["val"] == ["video17", "video18", "video19"]
    assert len(groups["train"]) == 17  # video23 is in no fold
    assert not (tmp_path / "trace").exists()


def test_without_folds_the_split_is_a_stable_hash_of_the_video(tmp_path: Path) -> None:
    csd_folder(tmp_path / "mosei")
    parts = open_corpus("mosei", tmp_path, target="binary").parts
    assert sorted(set(parts["test"].groups))[:2] == ["video1", "video14"]
    assert sum(map(len, parts.values())) == 24 * CLIPS


def test_emotions_are_labels_in_the_order_of_the_file(tmp_path: Path) -> None:
    folder = csd_folder(tmp_path / "mosei")
    corpus = open_corpus("mosei", tmp_path, target="emotions")
    assert (corpus.task, corpus.labels) == ("labels", EMOTIONS)
    part = corpus.parts["test"]
    video, k = str(part.ids[0])[:-1].split("[")
    raw = read_tracks(folder / LABELS)[video]
    assert part.targets[0].tolist() == (raw.features[int(k), 1:] > 0).tolist()


def test_mosi_has_labels_of_one_column(tmp_path: Path) -> None:
    folder = csd_folder(tmp_path / "mosi")
    tracks = {
        video: (track.features[:, :1], track.intervals)
        for video, track in read_tracks(folder / LABELS).items()
    }
    csd(folder / LABELS, "Opinion Segment Labels", tracks)
    assert open_corpus("mosi", tmp_path).task == "regression"
    with pytest.raises(DataError, match="has 1 columns: emotions need 7, sentiment and happy"):
        open_corpus("mosi", tmp_path, target="emotions")


def _change(name: str, change: Callable[[h5py.Group], None]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        with h5py.File(folder / name, "a") as file:
            change(file[root_of(folder / name)]["data"])

    return damage


def _too_positive(data: h5py.Group) -> None:
    data["video1/features"][0, 0] = 5


def _short_intervals(data: h5py.Group) -> None:
    intervals = data["video1/intervals"][:-1]
    del data["video1/intervals"]
    data["video1/intervals"] = intervals


def _not_a_number(data: h5py.Group) -> None:
    data["video1/features"][40, 2] = np.nan


def _no_time(data: h5py.Group) -> None:
    data["video1/intervals"][3, 0] = np.nan


def _no_features(data: h5py.Group) -> None:
    del data["video1/features"]


def _constant(data: h5py.Group) -> None:
    for video in data:
        data[video]["features"][:] = 1


def _two_faces(folder: Path) -> None:
    (folder / FACE).with_name("CMU_MOSEI_VisualOpenFace2.csd").write_bytes(
        (folder / FACE).read_bytes()
    )


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_change(LABELS, _too_positive), "the sentiment is 5 in row .* between -3 and 3"),
        (_change(SOUND, _short_intervals), r"video1: features has the shape .* \(n, D\) and"),
        (_change(SOUND, _not_a_number), "audio holds NaN or inf in 1 samples"),
        (_change(SOUND, _no_time), "video1: intervals holds NaN or inf"),
        (_change(SOUND, _no_features), "video1 has no features"),
        (_change(FACE, _constant), "vision is the same in every training sample"),
        (_two_faces, "two files for vision .*: choose one with options.vision"),
        (lambda folder: (folder / LABELS).unlink(), "has no .csd file of labels"),
        (lambda folder: (folder / LABELS).write_bytes(b"x"), "is not a computational sequence"),
    ],
)
def test_a_damaged_folder_is_one_sentence(
    tmp_path: Path, damage: Callable[[Path], None], sentence: str
) -> None:
    folder = csd_folder(tmp_path / "mosei")
    damage(folder)
    with pytest.raises(DataError, match=sentence) as error:
        open_corpus("mosei", tmp_path)
    assert "\n" not in str(error.value)


def test_a_file_of_several_is_chosen_by_name(tmp_path: Path) -> None:
    folder = csd_folder(tmp_path / "mosei")
    _two_faces(folder)
    assert "vision" in open_corpus("mosei", tmp_path, vision=FACE).streams
    with pytest.raises(DataError, match="has no option 'sight': remove it"):
        open_corpus("mosei", tmp_path, sight=FACE)


def test_folds_that_are_damaged_are_one_sentence(tmp_path: Path) -> None:
    folder = csd_folder(tmp_path / "mosei", folds=True)
    folds = folder / "cmu_mosei_std_folds.py"
    text = folds.read_text()
    for content, sentence in (
        (text.replace("standard_test_fold", "other"), "has no list standard_test_fold"),
        (text.replace("'video20'", "'video0'"), "video0 is in two folds"),
        (text.replace("[", "((", 1), "cannot be read as lists of videos"),
    ):
        folds.write_text(content)
        with pytest.raises(DataError, match=sentence):
            open_corpus("mosei", tmp_path)
