"""A recorded corpus goes through CDaT's stages and becomes a bundle that runs live."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnxscript")

from fixtures.recorded import LABELS, PERSONS, without, write_recorded
from fixtures.recorded_run import CONFIG, train_recorded, verdicts_on_a_clip

from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.errors import BundleError, DataError
from export.bundle.build import build
from export.proof.torch_engine import torch_engines, trained_networks
from train import cli
from train.run_report import RecordedReport, RecordedWindowsTest, read_run_report


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recorded(tmp_path_factory.mktemp("recorded") / "corpus")


@pytest.fixture(scope="module")
def run(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_recorded(tmp_path_factory.mktemp("own"), corpus)


@pytest.fixture(scope="module")
def bundle(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(run, tmp_path_factory.mktemp("built") / "bundle")


def test_the_report_is_of_people_unseen_in_training(run: Path) -> None:
    told = read_run_report(RecordedReport, run)
    assert isinstance(told.test.clean, RecordedWindowsTest)
    assert told.labels == list(LABELS)
    assert sum(told.persons.values()) == PERSONS
    assert told.test.clean.persons == told.persons["test"] >= 2
    # Each label has a face, a sound and words of its own.
    assert told.test.clean.accuracy > 0.8
    assert told.test.clean.by_mask["text+audio+vision"].accuracy > 0.8
    seen = told.gate_seen_on_validation["vision"]
    assert seen.auroc_by_fault["dark"] > 0.9 and seen.below_drop_by_fault["dark"] > 0.5


def test_the_calibration_beside_the_report_has_its_error_and_is_drawn(run: Path) -> None:
    told = read_run_report(RecordedReport, run)
    numbers = json.loads((run / "calibration.json").read_text())
    assert numbers["outcome"] == "share right"
    for name, test in (("clean", told.test.clean), ("faulted", told.test.faulted)):
        assert isinstance(test, RecordedWindowsTest)
        found = numbers["groups"][name]
        assert found["confidence"]["ece"] == pytest.approx(test.confidence_ece, abs=1e-4)
        assert found["highest probability"]["ece"] == pytest.approx(test.ece, abs=1e-4)
        assert sum(one["n"] for one in found["confidence"]["bins"]) == test.n
    assert (run / "calibration.png").stat().st_size > 1000


def test_the_bundle_has_the_corpus_labels_and_the_other_bundles_encoders(bundle: Path) -> None:
    made, base = Bundle.load(bundle).manifest, Bundle.load(default_bundle()).manifest
    assert made.labels == LABELS
    for stream in made.names:
        assert made.files[f"{stream}.onnx"] == base.files[base.streams[stream].graph]
    assert made.provenance["cdat"]["stages"] == ["fusion", "confidence", "transfer", "confidence"]
    assert made.window.duration_s == 1.5
    Networks(Bundle.load(bundle)).close()  # checked against its golden outputs


def test_a_verdict_has_the_corpus_labels(bundle: Path, tmp_path: Path) -> None:
    scored = [line for line in verdicts_on_a_clip(bundle, tmp_path) if line["scores"]]
    assert scored and all(set(line["scores"]) == set(LABELS) for line in scored)


def test_torch_is_compared_where_it_was_trained(run: Path, bundle: Path) -> None:
    engines = torch_engines(Bundle.load(bundle), run)
    assert set(engines) == {"text", "audio", "vision", "fusion"}
    with pytest.raises(BundleError, match="torch has its fusion only"):
        trained_networks(Bundle.load(bundle), run)


def test_other_encoders_than_those_of_the_training_are_not_exported(
    run: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    path = folder / "report.json"
    report = json.loads(path.read_text())
    report["encoder_files"]["text"] = "0" * 64
    path.write_text(json.dumps(report))
    with pytest.raises(BundleError, match="other encoders than"):
        build(folder, tmp_path / "bundle")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["early", "tfn", "misa", "tailor", "late"])
def test_each_fusion_model_is_trained_exported_and_answers_live(
    kind: str, corpus: Path, tmp_path: Path
) -> None:
    short = ("fusion.epochs=1", "confidence.epochs=1", "transfer.samples=100")
    run = train_recorded(tmp_path, corpus, f"fusion.model.kind={kind}", *short)
    built = Bundle.load(build(run, tmp_path / "bundle"))
    assert built.manifest.provenance["cdat"]["model"] == kind
    lines = verdicts_on_a_clip(built.folder, tmp_path)
    scored = [line for line in lines if line["scores"]]
    assert scored and all(set(line["scores"]) == set(LABELS) for line in scored)
    assert all(sum(line["scores"].values()) == pytest.approx(1, abs=1e-3) for line in scored)


def test_a_second_run_takes_what_the_first_made(run: Path, corpus: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*.safetensors")}
    assert train_recorded(run.parents[1], corpus) == run
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*.safetensors")} == before


def _one_person(corpus: Path) -> None:
    table = corpus / "samples.csv"
    rows = table.read_text().splitlines()
    told = [",".join([*row.split(",")[:5], "me", *row.split(",")[6:]]) for row in rows[1:]]
    table.write_text("\n".join([rows[0], *told]) + "\n")


def _many(corpus: Path) -> None:
    header = json.loads((corpus / "corpus.json").read_text())
    labels = [*header["labels"], *(f"other {n}" for n in range(30))]
    (corpus / "corpus.json").write_text(json.dumps(header | {"labels": labels}))


def _empty(corpus: Path) -> None:
    without(corpus, "text", "audio", "vision")


def _few(corpus: Path) -> None:
    table = corpus / "samples.csv"
    head, *rows = table.read_text().splitlines(keepends=True)
    some = [row for place, row in enumerate(rows[:18]) if place // 3 % 3 == place % 3]
    table.write_text("".join([head, *some]))  # six persons, two for each label


def _cut_short(corpus: Path) -> None:
    log = corpus / "recordings" / "p0_calm" / "events.jsonl"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_one_person, "1 persons are left for training when 'test' is cut off"),
        (_many, "has 33 labels: 2 to 32 are possible"),
        (_empty, "no training sample has a face, a second of sound or words: add"),
        (_few, "no label has 4 samples left for training when 'test' is cut off"),
        (_cut_short, "p0_calm ended before its file: extract the corpus again"),
    ],
)
def test_a_corpus_that_cannot_be_trained_on_is_refused(
    damage: Any, sentence: str, tmp_path: Path
) -> None:
    corpus = write_recorded(tmp_path / "corpus")
    damage(corpus)
    with pytest.raises(DataError, match=sentence):
        train_recorded(tmp_path, corpus)


@pytest.mark.slow
def test_every_command_that_trains_writes_for_tensorboard(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard: install the extra `tensorboard`")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.setenv("CDAT_CACHE", str(corpus.parent / "cache"))
    (tmp_path / "own.yaml").write_text(CONFIG)
    run = tmp_path / "run"
    arguments = [str(tmp_path / "own.yaml"), "--data", str(corpus), "--out", str(run)]
    for command, stage in (
        ("encoders", None),  # those of the packaged bundle: nothing is trained
        ("fusion", "fusion"),
        ("confide", "confidence_base"),
        ("transfer", "transfer"),
    ):
        shutil.rmtree(run / "tensorboard", ignore_errors=True)
        cli.app([command, *arguments, "--tensorboard"], standalone_mode=False)
        assert (run / "tensorboard").is_dir()
        if stage is not None:
            events = EventAccumulator(str(run / "tensorboard"))
            events.Reload()
            assert any(tag.startswith(f"{stage}/") for tag in events.Tags()["scalars"])
