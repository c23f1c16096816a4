"""`cdat-train adapt` for bundles that answer with several labels, or with a number."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnxscript")

from fixtures.recorded import change_rows, write_recorded
from fixtures.recorded_run import train_recorded, verdicts_on_a_clip

from edge.bundle import Bundle, default_bundle
from edge.bundle.manifest import MANIFEST_NAME
from edge.bundle.networks import Networks
from edge.digest import sha256_of
from edge.errors import BundleError
from export.bundle.build import build
from train import cli
from train.adaptation.adapt import adapt
from train.adaptation.changes import Changes
from train.adaptation.write import write_changed
from train.stages.shipped_slice import SLICE_NAME

SEVERAL = {"calm": "calm", "excited": "excited|worried", "worried": "worried"}
NUMBERS = {"calm": "-40", "excited": "10", "worried": "35.5"}
MOVED = {"-40": "-5", "10": "20", "35.5": "32.75"}
"""Half of each, and 15 more: how these people are rated here."""
ODDS = np.array([2.5, -2.5, -2.5], np.float32)
"""By which the bundle of several labels is made to claim them too often, or too seldom."""
ALWAYS = "gate.max_abstain=0"
UNSURE = ("fusion.epochs=2", "fusion.samples=300", "transfer.samples=100")
"""A longer training is so sure of these recordings that no shift changes an answer."""


@pytest.fixture(scope="module")
def labels_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several") / "corpus"
    return write_recorded(folder, written=SEVERAL, task="labels")


@pytest.fixture(scope="module")
def of_labels(labels_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Its answers are shifted."""
    folder = tmp_path_factory.mktemp("labels")
    run = train_recorded(folder, labels_corpus, ALWAYS, *UNSURE)
    trained = Bundle.load(build(run, folder / "bundle"))
    return write_changed(trained, Changes(log_odds=ODDS), folder / "shifted", {})


@pytest.fixture(scope="module")
def numbers_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("numbers") / "corpus"
    return write_recorded(folder, written=NUMBERS, task="regression")


@pytest.fixture(scope="module")
def of_number(numbers_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("number")
    run = train_recorded(folder, numbers_corpus, "number.range=[-50, 50]", ALWAYS)
    return Bundle.load(build(run, folder / "bundle"))


def kept(report: dict[str, Any]) -> set[str]:
    return {name for name, row in report["steps"].items() if row["kept"]}


@pytest.mark.slow
def test_a_shift_of_several_labels_is_found_and_taken_back(
    of_labels: Bundle, labels_corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "adapted"
    report = adapt(of_labels, labels_corpus, out)
    steps = report["steps"]
    assert report["figure"] == "micro_f1" and {"prior", "thresholds"} <= kept(report)
    assert steps["prior"]["after"] < 0.8 * steps["prior"]["before"]
    before, after = report["all"]["micro_f1"]
    assert before < 0.75 and after > before + 0.1
    for name in ("transfer", "number", "temperature"):
        assert steps[name]["because"] == "has no meaning for several labels"
    told = Bundle.load(out).manifest.provenance["adapted"][-1]
    odds = told["changes"]["label_odds"]
    assert odds["calm"] < 1 < min(odds["excited"], odds["worried"])
    for line in verdicts_on_a_clip(out, tmp_path):
        assert set(line["labels"] or ()) <= set(line["scores"])


@pytest.mark.slow
def test_thresholds_of_labels_are_chosen_here(
    of_labels: Bundle, labels_corpus: Path, tmp_path: Path
) -> None:
    report = adapt(of_labels, labels_corpus, tmp_path / "adapted", ["prior"])
    row, manifest = report["steps"]["thresholds"], Bundle.load(tmp_path / "adapted").manifest
    assert row["kept"] and row["micro_f1_after"] > row["micro_f1_before"] + 0.1
    old, new = (np.array(one.thresholds) for one in (of_labels.manifest, manifest))
    # The labels are claimed too often, too seldom and too seldom.
    assert new[0] > old[0] and (new[1:] < old[1:]).all()


@pytest.mark.slow
def test_a_shift_and_a_scale_of_a_number_are_learned(
    of_number: Bundle, numbers_corpus: Path, tmp_path: Path
) -> None:
    corpus = change_rows(
        write_recorded(tmp_path / "corpus", written=NUMBERS, task="regression"),
        lambda row: row | {"label": MOVED[row["label"]]},
    )
    out = tmp_path / "adapted"
    arguments = ["adapt", str(of_number.folder), str(corpus), "--out", str(out)]
    cli.app([*arguments, "--report", str(tmp_path / "told")], standalone_mode=False)
    report = json.loads((tmp_path / "told" / "report.json").read_text("utf-8"))
    assert (tmp_path / "told" / "steps.png").read_bytes().startswith(b"\x89PNG")
    row = report["steps"]["number"]
    for when, (low, high) in zip(("before", "after"), row["intervals"], strict=True):
        assert low <= row[f"ccc_{when}"] <= high
    assert row["kept"] and row["because"] == "higher CCC"
    assert row["ccc_after"] > row["ccc_before"] + 0.1
    # The mean absolute error, in the number's unit.
    assert row["measure"] == "loss" and row["after"] < 0.6 * row["before"] < 20
    for name in ("transfer", "prior", "thresholds", "temperature"):
        assert report["steps"][name]["because"] == "has no meaning for a number"
    told = Bundle.load(out).manifest.provenance["adapted"][-1]["changes"]["standard_score"]
    assert 0.3 < told["scale"] < 0.75
    assert any(line["value"] is not None for line in verdicts_on_a_clip(out, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("task", ["labels", "regression"])
def test_without_labels_nothing_that_needs_them_is_kept(
    task: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    several = task == "labels"
    base: Bundle = request.getfixturevalue("of_labels" if several else "of_number")
    corpus: Path = request.getfixturevalue("labels_corpus" if several else "numbers_corpus")
    bare, out = tmp_path / "bare", tmp_path / "adapted"
    bare.mkdir()
    for one in (corpus / "recordings").iterdir():
        (bare / one.name).symlink_to(one)
    arguments = ["adapt", str(base.folder), str(bare), "--out", str(out)]
    cli.app([*arguments, "--json"], standalone_mode=False)
    report = json.loads(capsys.readouterr().out)
    assert kept(report) and kept(report) <= {"gate", "typical"}
    wanted = {"labels": ("prior", "thresholds"), "regression": ("number",)}[task]
    for step in (*wanted, "confidence"):
        assert "few labels" in report["steps"][step]["because"]
    assert report["all"] is None and report["written"]
    Networks(Bundle.load(out)).close()  # checked against its golden outputs
    cli.app([*arguments[:-1], str(tmp_path / "again")], standalone_mode=False)
    shown = capsys.readouterr().out
    assert ("micro-F1" if several else "CCC") in shown and "no meaning" in shown


@pytest.mark.slow
def test_a_slice_with_one_label_a_window_is_refused(
    of_labels: Bundle, labels_corpus: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(of_labels.folder, tmp_path / "bundle"))
    shutil.copyfile(default_bundle() / SLICE_NAME, folder / SLICE_NAME)
    told = json.loads((folder / MANIFEST_NAME).read_text("utf-8"))
    told |= {"validation_slice": SLICE_NAME}
    told["files"][SLICE_NAME] = sha256_of(folder / SLICE_NAME)
    (folder / MANIFEST_NAME).write_text(json.dumps(told), "utf-8")
    with pytest.raises(BundleError, match="have one label each, and the task is multilabel"):
        adapt(Bundle.load(folder), labels_corpus, tmp_path / "adapted")
