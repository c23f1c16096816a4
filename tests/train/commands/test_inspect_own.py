"""`cdat-train inspect` on a user's own data: a corpus, recordings, a table, a folder of clips."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from fixtures.media import write_clip
from fixtures.recorded import change_rows, write_recorded

from train.cli import main
from train.corpora.recorded.persons import persons_of, told
from train.corpora.recorded.samples import Sample

LABELS = ("calm", "excited", "worried")

SPLIT = {"p9": "train"}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recorded(tmp_path_factory.mktemp("own") / "corpus")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two labels, ten persons with a sound each; one of them has a film more."""
    folder = tmp_path_factory.mktemp("clips") / "clips"
    first = write_clip(folder.parent / "a.wav", 0.4, fps=None, codecs=("mpeg4", "pcm_s16le"))
    for label in ("calm", "tense"):
        (folder / label).mkdir(parents=True)
        for person in "abcdefghij":
            (folder / label / f"{person}_1.wav").write_bytes(first.read_bytes())
    write_clip(folder / "calm" / "a_2.mp4", 0.4)
    return folder


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["inspect", *map(str, arguments)])
    return int(end.value.code or 0)


def found(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, Any]:
    assert call(*arguments, "--json") == code
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    return data


def test_a_corpus_has_streams_labels_persons_and_the_config_that_fits(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = found(capsys, corpus)
    assert (data["format"], data["task"], data["faults"]) == ("corpus", "classes", [])
    assert data["files"] == data["samples"] == 36 and data["minutes"] == pytest.approx(1.2)
    assert data["streams"] == {"text": 36, "audio": 36, "vision": 36}
    assert data["labels"] == {label: {"(uncut)": 12} for label in LABELS}
    assert data["persons"] == {"number": 12, "fewest": 3, "most": 3, "one_label": 0}
    assert data["configs"] == ["configs/train/own.yaml"]
    assert call(corpus) == 0
    page = capsys.readouterr().out
    assert "persons 12, each with 3 samples\n" in page and "no faults" in page
    assert f"next    cdat-train all configs/train/own.yaml --data {corpus}" in page


def test_samples_without_a_label_are_counted_by_split_and_person(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert found(capsys, corpus)["unlabelled"] == {}

    def change(row: dict[str, str]) -> dict[str, str]:
        gone = row["person"] == "p9" or row["id"] == "p10_calm"
        return row | {"label": "" if gone else row["label"], "split": SPLIT.get(row["person"], "")}

    numbers = {"calm": "1", "excited": "2", "worried": "3"}
    own = write_recorded(tmp_path / "corpus", written=numbers, task="regression")
    change_rows(own, change)
    data = found(capsys, own)
    assert data["unlabelled"] == {
        "split": {"train": 3, "(uncut)": 1},
        "person": {"p9": 3, "p10": 1},
    }
    assert data["samples"] == 36
    assert call(own) == 0
    page = capsys.readouterr().out
    assert "without a label: 4 samples (train 3, (uncut) 1) of 2 persons, each with 1 to 3" in page


def test_what_a_training_would_refuse_is_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = write_recorded(tmp_path / "few", persons=2)
    log = corpus / "recordings" / "p0_calm" / "events.jsonl"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:-1]))
    faults = found(capsys, corpus, code=1)["faults"]
    assert any("p0_calm ended before its file" in one for one in faults)
    assert any("2 persons are left for training when 'test' is cut off" in one for one in faults)
    (corpus / "samples.csv").unlink()
    (fault,) = found(capsys, corpus, code=1)["faults"]
    assert "samples.csv cannot be read" in fault


def test_recordings_have_streams_and_what_can_be_done_without_labels(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some = tmp_path / "some"
    some.mkdir()
    for name in ("p0_calm", "p0_calm.1"):  # without and with a fault that hides the face
        (some / name).symlink_to(corpus / "recordings" / name)
    data = found(capsys, some)
    assert (data["format"], data["files"], data["persons"]) == ("recordings", 2, None)
    assert data["streams"] == {"text": 2, "audio": 2, "vision": 1}
    assert data["configs"] == [] and "cdat-train adapt default" in data["commands"][1]
    assert found(capsys, some / "p0_calm")["files"] == 1
    (some / "p0_calm").unlink()
    (some / "p0_calm").mkdir()
    header = json.loads((some / "p0_calm.1" / "session.json").read_text())
    header["frontend_digest"] = "0" * 64
    (some / "p0_calm" / "session.json").write_text(json.dumps(header))
    for name in ("events.jsonl", "blocks.bin"):
        (some / "p0_calm" / name).write_bytes(b"")
    faults = found(capsys, some, code=1)["faults"]
    assert any("another release" in one for one in faults)
    assert any("has no complete step" in one for one in faults)


def test_a_folder_of_clips_is_counted_by_label_person_and_stream(
    clips: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = found(capsys, clips, "--set", "person_from=/([a-z])_")
    assert (data["format"], data["files"], data["faults"]) == ("folder", 21, [])
    assert data["streams"] == {"text": 0, "audio": 21, "vision": 1}
    assert data["labels"] == {"calm": {"(uncut)": 11}, "tense": {"(uncut)": 10}}
    assert data["persons"] == {"number": 10, "fewest": 2, "most": 3, "one_label": 0}
    extract, train = data["commands"]
    assert extract.startswith(f"cdat-train extract {clips} --out corpus --person-from")
    assert train == "cdat-train all configs/train/own.yaml --data corpus"
    # Without persons, each file is one, who has one label.
    assert found(capsys, clips)["persons"]["one_label"] == 21


def test_a_folder_without_labels_is_for_adapt(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "a.wav").symlink_to(clips / "calm" / "a_1.wav")
    (tmp_path / "flat" / "notes.txt").write_text("no sound")
    data = found(capsys, tmp_path / "flat", code=1)
    assert data["configs"] == [] and data["commands"][0].startswith("cdat-train adapt default")
    assert data["labels"] == {"(no label)": {"(uncut)": 2}}
    (fault,) = data["faults"]
    assert "notes.txt" in fault


def test_a_table_has_splits_and_numbers_and_names_the_files_that_are_missing(
    clips: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = clips.parent / "table.csv"
    rows = ["calm/a_1.wav,-1,train", "tense/a_1.wav,0.5,train", "gone.wav,1,test"]
    table.write_text("file,label,split\n" + "\n".join(f"clips/{one}" for one in rows) + "\n")
    data = found(capsys, table, "--set", "task=regression", code=1)
    assert data["range"] == [-1, 0.5] and data["splits"] == {"train": 2}
    assert "clips/gone.wav: it does not exist." in data["faults"]
    assert data["commands"][0].endswith("--task regression")
    table.write_text("file,mood\na.wav,calm\n")
    (fault,) = found(capsys, table, code=1)["faults"]
    assert "has a column 'mood'" in fault


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [("target=binary", "task and person_from are"), ("task=several", "choose one of classes")],
)
def test_a_wrong_option_is_one_sentence(
    setting: str, sentence: str, clips: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(clips, "--set", setting) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line


def test_a_folder_with_nothing_known_is_still_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "notes.txt").write_text("nothing")
    assert call(tmp_path / "text") == 1
    assert "is not a known data set" in capsys.readouterr().err


def test_persons_are_told_with_the_fewest_and_the_most_samples() -> None:
    def samples(person: str, *labels: str | None) -> list[Sample]:
        return [
            Sample(f"{person}{n}", "r", 0, None, label, person, None, None)
            for n, label in enumerate(labels)
        ]

    some = [*samples("a", "x", "y", None), *samples("b", "x"), *samples("c", None, None)]
    counted = persons_of(some, "classes")
    assert told(counted) == "3, each with 1 to 3 samples; 1 of them with one label only"
    assert persons_of(samples("a", "1", "2"), "regression").one_label is None
