"""Recordings with several labels each become a bundle whose verdicts have several labels."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnxscript")

from fixtures.recorded import LABELS, write_recorded
from fixtures.recorded_run import train_recorded, verdicts_on_a_clip

from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.errors import DataError
from edge.recognition.verdict import verdict_schema
from export.bundle.build import build
from train.evaluation.evaluate import evaluate, write
from train.run_report import RecordedLabelsTest, RecordedReport, read_run_report
from train.stages.label_thresholds import label_thresholds

WRITTEN = {"calm": "calm", "excited": "excited|worried", "worried": "worried"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several") / "corpus"
    return write_recorded(folder, written=WRITTEN, task="labels")


@pytest.fixture(scope="module")
def run(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_recorded(tmp_path_factory.mktemp("run"), corpus)


@pytest.fixture(scope="module")
def bundle(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(run, tmp_path_factory.mktemp("built") / "bundle")


@pytest.mark.slow
def test_every_label_is_learned(run: Path) -> None:
    told = read_run_report(RecordedReport, run)
    clean = told.test.clean
    assert isinstance(clean, RecordedLabelsTest)
    assert told.task == "labels" and len(told.thresholds or ()) == len(LABELS)
    assert clean.micro_f1 > 0.8 and min(clean.f1.values()) > 0.7
    # Of all labels at once, at one half.
    assert told.transfer is not None and told.transfer.windows["clean"].after > 0.7
    # Two of three samples have the label "worried", one of them beside another.
    assert clean.share["worried"] == pytest.approx(2 * clean.share["excited"], abs=0.1)


@pytest.mark.slow
def test_the_bundle_has_independent_probabilities_and_a_threshold_a_label(bundle: Path) -> None:
    made = Bundle.load(bundle)
    assert made.manifest.task == "multilabel" and made.manifest.labels == LABELS
    assert len(made.manifest.thresholds or ()) == len(LABELS)
    networks = Networks(made)  # checked against its golden outputs
    try:
        quality = np.concatenate(
            [made.manifest.streams[name].typical_quality for name in made.manifest.names]
        )
        fused = networks.fuse(np.ones((3, 64), np.float32), quality.astype(np.float32))
    finally:
        networks.close()
    assert (fused.outputs >= 0).all() and (fused.outputs <= 1).all()
    assert np.abs(fused.outputs.sum(axis=1) - 1).max() > 0.01


@pytest.mark.slow
def test_a_verdict_gives_the_labels_above_their_thresholds(bundle: Path, tmp_path: Path) -> None:
    limits = dict(zip(LABELS, Bundle.load(bundle).manifest.thresholds or (), strict=True))
    sure = Path(shutil.copytree(bundle, tmp_path / "bundle"))
    manifest = json.loads((sure / "manifest.json").read_text("utf-8"))
    manifest["gate"]["abstain_below"] = 0.0  # the clip is none of the corpus' people
    (sure / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    lines = verdicts_on_a_clip(sure, tmp_path)
    answered = [line for line in lines if line["labels"] is not None]
    assert answered
    for line in answered:
        over = {name for name, p in line["scores"].items() if p > limits[name]}
        assert set(line["labels"]) == over
        assert line["label"] == (line["labels"][0] if over else None)
    for line in lines:
        jsonschema.validate(line, verdict_schema())


@pytest.mark.slow
def test_evaluate_measures_each_label_on_unseen_people(
    bundle: Path, corpus: Path, tmp_path: Path
) -> None:
    found = evaluate(Bundle.load(bundle), corpus, "test", lambda done, total: None)
    clean = found["verdicts"]["clean"]["scores"]
    assert found["task"] == "multilabel" and set(clean["labels"]) == set(LABELS)
    assert clean["figures"]["micro_f1"]["value"] > 0.7
    write(found, tmp_path / "measured")
    page = (tmp_path / "measured" / "README.md").read_text()
    assert "| micro-F1 |" in page and "| excited |" in page
    with pytest.raises(DataError, match="the task 'labels', but the bundle answers with one label"):
        evaluate(Bundle.load(default_bundle()), corpus, "test", lambda done, total: None)


@pytest.mark.parametrize("kind", ["early", "misa", "tailor"])
@pytest.mark.slow
def test_each_fusion_model_answers_with_several_labels(
    kind: str, corpus: Path, tmp_path: Path
) -> None:
    short = ("fusion.epochs=1", "confidence.epochs=1", "transfer.samples=100")
    made = train_recorded(tmp_path, corpus, f"fusion.model.kind={kind}", *short)
    assert Bundle.load(build(made, tmp_path / "bundle")).manifest.task == "multilabel"


@pytest.mark.parametrize(
    ("probabilities", "true", "wanted"),
    [
        ([0.1, 0.2, 0.7, 0.8], [0, 0, 1, 1], 0.5),  # of equals, the nearest to one half
        ([0.01, 0.02, 0.2, 0.3], [0, 0, 1, 1], 0.2),  # a label that is rarely claimed
        ([0.1, 0.2, 0.7, 0.8], [0, 0, 0, 0], 0.5),  # nothing to choose by
        ([1e-6, 2e-6, 1e-5, 2e-5], [0, 0, 1, 1], 1e-5),  # a label that is never claimed
    ],
)
def test_the_threshold_of_a_label_is_chosen_on_validation(
    probabilities: Any, true: Any, wanted: float
) -> None:
    claimed = np.array(probabilities, np.float32)[:, None]
    (found,) = label_thresholds(claimed, np.array(true, bool)[:, None])
    assert found <= wanted
    assert ((claimed[:, 0] > found) == np.array(true, bool)).all() or not any(true)
    assert found == 0.5 or wanted != 0.5
