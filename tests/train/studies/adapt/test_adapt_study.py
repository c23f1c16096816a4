"""`cdat-train adapt-study`: halves that share nothing, hidden labels, figures by person."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from fixtures.miniature import RATE_HZ, write_opus
from fixtures.strangers import PERSONS, write_rows

from train.cli import main
from train.corpora.recorded.samples import Sample
from train.corpora.splits import split_persons
from train.evaluation.takes import Take
from train.studies.adapt.halves import halve
from train.studies.adapt.measure import mean_over, over_persons
from train.studies.adapt.people import in_turns


def takes_of(labels: str) -> tuple[Take, ...]:
    return tuple(
        Take(Path(f"r{k}"), (Sample(f"s{k}", f"r{k}", 0.0, None, label, "p", "test", None),))
        for k, label in enumerate(labels)
    )


def test_halves_share_no_recording_and_have_each_label() -> None:
    takes = takes_of("aaaaaaabbbccd")
    halves = halve(takes, 1)
    first, second = ({one.folder for one in some} for some in (halves.adapted_to, halves.measured))
    assert not first & second and first | second == {one.folder for one in takes}
    assert abs(len(first) - len(second)) <= 1
    assert {one.samples[0].label for one in halves.measured} >= {"a", "b", "c"}
    assert halve(takes, 1) == halves and halve(takes, 2) != halves


def test_the_first_labels_are_one_of_each_and_the_others_are_hidden() -> None:
    given = halve(takes_of("aaaaaaaabbbbcccc"), 3).with_labels(3)
    assert len(given) == 8
    shown = [one.samples[0].label for one in given]
    assert set(shown[:3]) == {"a", "b", "c"} and shown[3:] == [None] * 5


def test_labels_take_turns_until_they_run_out() -> None:
    labels = np.array(list("aaaabbc"))
    order = in_turns(labels, np.random.default_rng(0))
    assert sorted(order) == list(range(7))
    assert [set(labels[order][k]) for k in (slice(0, 3), slice(3, 5), slice(5, 7))] == [
        *({"a", "b", "c"}, {"a", "b"}, {"a"})
    ]


def row(person: str, before: float, after: float, auroc: float | None = 0.5) -> dict[str, Any]:
    def figures(value: float) -> dict[str, float | None]:
        same = dict.fromkeys(("accuracy", "uar", "ece", "answered", "accuracy_answered"), value)
        return {**same, "auroc": auroc}

    kept = {"gate": after > before, "prior": False}
    return {"person": person, "before": figures(before), "after": figures(after), "kept": kept}


def test_a_person_counts_once_however_many_seeds() -> None:
    rows = [row("a", 0.2, 0.6), row("a", 0.4, 0.8), row("b", 0.5, 0.5), row("c", 0.6, 0.5, None)]
    rows += [row(person, 0.3, 0.3) for person in "de"]
    found = over_persons(rows)
    assert found["persons"] == 5 and found["adaptations"] == 6
    assert found["accuracy"]["before"]["mean"] == pytest.approx(2.0 / 5)
    assert found["accuracy"]["gain"]["mean"] == pytest.approx(0.06)
    low, high = found["accuracy"]["gain"]["interval"]
    assert -0.1 < low < 0 < 0.06 < high < 0.4
    assert found["worse"] == 1 and found["kept"] == {"gate": 2, "prior": 0}
    assert found["nothing_kept"] == 4
    # Of person c there is none, so four are left.
    assert found["auroc"]["before"] == {"mean": 0.5, "interval": None}


def test_few_persons_have_no_interval() -> None:
    assert mean_over(np.array([0.2, 0.3])) == {"mean": 0.25, "interval": None}
    assert mean_over(np.array([math.nan])) == {"mean": None, "interval": None}


def _run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["adapt-study", *map(str, arguments)])
    return int(end.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--corpora", "urdu"), "--corpora urdu is not one of ravdess, emovo, nemo, ased."),
        (("--corpora", ","), "--corpora , is not one of ravdess, emovo, nemo, ased."),
        (("--labels", "25"), "--labels 25 is not a number from 0 to 24, half of --clips."),
        (("--labels", "few"), "--labels few is not a number from 0 to 24, half of --clips."),
        (("--labels", ","), "--labels has no number: give some, such as 0,7,21."),
        (("--clips", "4"), "--clips 4 is below 8: half of them must be 20 s."),
    ],
)
def test_misuse_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert _run(*arguments, "--data", tmp_path, "--out", tmp_path / "out") == 1
    assert capsys.readouterr().err.splitlines() == [f"cdat-train: {sentence}"]


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus whose test persons have eight clips of eight seconds."""
    folder = tmp_path_factory.mktemp("voices")
    rng = np.random.default_rng(1)
    speakers = [f"S{person}" for person in range(PERSONS)]
    splits = split_persons([f"emovo/{one}" for one in speakers])
    scratch = folder / "scratch.opus"
    rows: list[dict[str, object]] = []
    for speaker, split in zip(speakers, splits, strict=True):
        for k in range(8 if split == "test" else 1):
            t_s = np.arange((8 if split == "test" else 1) * RATE_HZ) / RATE_HZ
            sound = 0.2 * np.sin(2 * np.pi * (120 + 60 * k) * t_s) * (1 + np.sin(9 * t_s))
            write_opus(scratch, (sound + rng.normal(0, 0.003, len(t_s))).astype(np.float32))
            label = ("happy", "sad")[k % 2]
            told = {"id": f"{speaker}-{k}", "label": label, "label_original": label}
            rows.append({**told, "speaker": speaker, "opus": scratch.read_bytes()})
    write_rows(folder / "emovo" / "emovo.parquet", rows)
    return folder


@pytest.mark.slow
def test_the_study_is_written_and_continues_where_it_was_interrupted(
    voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "out"
    asked = ("--corpora", "emovo", "--labels", "0,4", "--clips", 8, "--data", voices, "--out", out)
    assert _run(*asked, "--seeds", 1) == 0
    report = json.loads((out / "adapt_study.json").read_text())
    assert len(report["rows"]) == 4 and set(report["summary"]["emovo"]) == {"0", "4"}
    assert report["summary"]["emovo"]["0"]["persons"] == 2
    unlabelled = [one for one in report["rows"] if one["labels"] == 0]
    assert all(not one["kept"]["prior"] for one in unlabelled)
    page = (out / "adapt_study.md").read_text()
    assert "| EMOVO | 4 | 2 |" in page
    # All rows are there, so nobody is adapted to again.
    monkeypatch.setattr("train.studies.adapt.command.adapted", None)
    assert _run(*asked, "--seeds", 1) == 0
    assert json.loads((out / "adapt_study.json").read_text()) == report
    # Of an interrupted run, the missing rows alone are made.
    (out / "adapt_study.json").write_text(json.dumps({"rows": report["rows"][:3]}))
    monkeypatch.undo()
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "cache"))
    assert _run(*asked, "--seeds", 1) == 0
    assert json.loads((out / "adapt_study.json").read_text())["rows"] == report["rows"]


@pytest.mark.slow
def test_the_study_of_transfer_is_written_and_continues(
    voices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "cache"))
    lines: list[dict[str, object]] = [
        {"text": text, "ekman": [ekman], "id": f"{ekman}{k}", "split": "test"}
        for ekman, text in (("joy", "this is so wonderful"), ("sadness", "i am so sad"))
        for k in range(2)
    ]
    write_rows(voices / "text" / "goemotions.parquet", lines)
    out = tmp_path / "out"
    few = ("--corpora", "emovo", "--labels", "0", "--clips", 8, "--seeds", 1)
    asked = ("--transfer", *few, "--data", voices, "--out", out)
    assert _run(*asked) == 0
    report = json.loads((out / "transfer_study.json").read_text())
    assert {(one["person"], one["pairs"]) for one in report["rows"]} == {
        (person, pairs)
        for person in {one["person"] for one in report["rows"]}
        for pairs in ("own", "shuffled")
    }
    assert len(report["rows"]) == 4 and report["summary"]["emovo"]["persons"] == 2
    # With its words a voice is answered otherwise than alone.
    assert any(one["before"]["fused"] != one["before"]["voice"] for one in report["rows"])
    assert "| voice alone | EMOVO | 2 |" in (out / "transfer_study.md").read_text()
    monkeypatch.setattr("train.studies.adapt.transfer.transferred", None)
    assert _run(*asked) == 0
    assert json.loads((out / "transfer_study.json").read_text()) == report


def test_a_corpus_without_enough_clips_is_one_sentence(
    voices: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "cache"))
    asked = ("--corpora", "emovo", "--data", voices, "--out", tmp_path / "out")
    assert _run(*asked) == 1
    assert "EMOVO has no test person with 48 clips" in capsys.readouterr().err
