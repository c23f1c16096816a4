"""RECOLA's folder of AVEC 2016: ratings of each moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("h5py")

from fixtures.data_sets import recola_folder

from edge.errors import DataError
from train.corpora.copies.number_table import read_table
from train.corpora.copies.recola import read_recola
from train.corpora.open import open_corpus


def _folder(path: Path, csv: bool = False) -> Path:
    return recola_folder(path / "recola", recordings=2, rows=300, csv=csv)


@pytest.mark.parametrize("csv", [False, True])
def test_moments_with_their_past_by_recording(tmp_path: Path, csv: bool) -> None:
    _folder(tmp_path, csv)
    corpus = open_corpus("recola", tmp_path, target="valence")
    assert (corpus.task, corpus.labels) == ("regression", ("valence",))
    assert corpus.dims == {"audio": 5, "vision": 7}
    train = corpus.parts["train"]
    # 30 steps of 0.4 s, of which the last 7 have no rating 2.8 s later.
    assert len(train) == 2 * (30 - 7) and set(train.groups) == {"train_1", "train_2"}
    assert set(corpus.parts["test"].groups) == {"dev_1", "dev_2"}
    assert train.lengths["audio"][:11].tolist() == [*range(1, 11), 10]
    # No face is found in the first 1.2 s.
    assert train.present[:4, 2].tolist() == [False, False, False, True]
    assert train.lengths["vision"][12] == 10 and train.lengths["vision"][4] == 2


def test_the_delay_moves_the_ratings_to_the_features(tmp_path: Path) -> None:
    folder = _folder(tmp_path)

    def likeness(delay_s: float) -> float:
        samples = read_recola(folder, delay_s=delay_s)
        last = samples.lengths["audio"] - 1
        x = samples.streams["audio"][np.arange(len(samples)), last].mean(axis=1)
        kept = ~np.isin(np.arange(len(samples)) % (len(samples) // 4), range(16, 30))
        return float(np.corrcoef(x[kept], samples.targets[kept, 0])[0, 1])

    assert likeness(2.8) > 0.95 > likeness(0.0)


def test_a_table_of_text_and_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.arff"
    path.write_text(
        "% told\n@RELATION r\n@ATTRIBUTE name STRING\n@ATTRIBUTE 'a b' REAL\n@ATTRIBUTE c {x,y}\n"
        "@DATA\n'P1, left',1.5,x\n% told\nP2,?,y\n"
    )
    names, values = read_table(path)
    assert names == ["name", "a b", "c"]
    assert values[0, 1] == 1.5 and np.isnan(values[:, [0, 2]]).all() and np.isnan(values[1, 1])


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("ratings_gold_standard", "'train_1',0.40,-", "'train_1',0.40,-7", "in -1 to 1"),
        ("ratings_gold_standard", "GoldStandard", "Other", "has no column GoldStandard"),
        ("features_audio", "0.40,", "0.40,nan,", "row 10 has 7 values, not 6"),
        ("features_audio", "\n0.40,", "\n% 0.40,", "has 299 rows, the ratings have 300"),
        ("features_audio", "@data", "@end", "cannot be read as ARFF"),
        ("features_audio", "@attribute feature_0 numeric", "@attribute", "cannot be read as ARFF"),
        ("features_video_geometric", None, None, "is missing, although it has ratings"),
    ],
)
def test_a_damaged_folder_is_one_sentence(
    tmp_path: Path, file: str, old: str | None, new: str | None, sentence: str
) -> None:
    path = _folder(tmp_path) / file / "arousal" / "train_1.arff"
    if old is None or new is None:
        path.unlink()
    else:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=sentence) as error:
        open_corpus("recola", tmp_path)
    assert "train_1.arff" in str(error.value) and "\n" not in str(error.value)


def test_nan_a_constant_stream_or_a_missing_split_is_one_sentence(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    path = folder / "features_audio" / "arousal" / "train_1.arff"
    text = path.read_text()
    line = next(one for one in text.splitlines() if one.startswith("4.00,"))
    path.write_text(text.replace(line, "4.00,?,1,1,1,1"))
    with pytest.raises(DataError, match="audio holds NaN or inf in 10 samples"):
        open_corpus("recola", tmp_path)
    for name in ("train_1", "train_2"):
        rows = [f"{k * 0.04:.2f},1,1,1,1,1" for k in range(300)]
        head = text[: text.index("@data")]
        path.with_stem(name).write_text("\n".join([head, "@data", *rows]))
    with pytest.raises(DataError, match="audio is the same in every training sample"):
        open_corpus("recola", tmp_path)
    for file in (folder / "ratings_gold_standard" / "arousal").glob("dev_*"):
        file.unlink()
    with pytest.raises(DataError, match=r"has no dev_1\.arff: a split is missing"):
        open_corpus("recola", tmp_path)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"target": "anger"}, "must be arousal or valence"),
        ({"delay_s": 100.0}, "is shorter than the option delay_s"),
        ({"step_s": 0.0}, "step_s is 0.0: it is too small"),
        ({"delay_s": -2.0}, "delay_s is -2.0: it is too small"),
        ({"context_s": "far"}, "context_s is 'far': it must be a number of seconds"),
        ({"delay_s": float("nan")}, "delay_s is nan: it must be a number"),
        ({"target": ["arousal"]}, r"target is \['arousal'\]: it must be a word or a number"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    tmp_path: Path, options: dict[str, object], sentence: str
) -> None:
    _folder(tmp_path)
    with pytest.raises(DataError, match=sentence):
        open_corpus("recola", tmp_path, **options)
